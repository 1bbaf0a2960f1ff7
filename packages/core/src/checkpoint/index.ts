export { toTfShape, toTorchShape, toTorchValues } from './layout.js';
export {
  type DType,
  type FetchOptions,
  type LazyTensor,
  openTensors,
  type ReadOptions,
  readAll,
  readStateDict,
  type StateDict,
  type StateTensor,
  type TensorFile,
  type WeightsSource,
} from './tensors.js';
export { type EncodeOptions, encodeHeader, encodeSafetensors } from './write.js';
