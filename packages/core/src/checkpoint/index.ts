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
export {
  beyondFloat16,
  type EncodeOptions,
  encodeHeader,
  encodeSafetensors,
  GRAPH_KEY,
  type HeaderTensor,
  LARGEST_FLOAT16,
  toFloat16,
} from './write.js';
