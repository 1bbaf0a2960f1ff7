export { toTfShape, toTorchShape, toTorchValues } from './layout.js';
export { openTensors, readAll, readStateDict } from './open-tensors.js';
export type {
  DType,
  FetchOptions,
  LazyTensor,
  ReadOptions,
  StateDict,
  StateTensor,
  TensorFile,
  WeightsSource,
} from './tensors.js';
export { type EncodeOptions, encodeHeader, encodeSafetensors, toFloat16 } from './write.js';
