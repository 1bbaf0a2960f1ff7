/*
 * The kernels without TensorFlow.js: memory, threads and ops for those who run whole nets in them, as `@cnnzoo/deploy`
 * does. They are not meant for others and may change with any version.
 */
export {
  createEngine,
  defaultThreads,
  type Engine,
  isThreadCount,
  MOST_THREADS,
  type Pointer,
} from './engine/index.js';
export { KernelError } from './errors.js';
export {
  Activation,
  type Geometry,
  type MapConvolution,
  type MapView,
  mapConvolution,
  type Padding,
  type Pooling,
  packBias,
  packedMatrixFloats,
  packMatrix,
  poolMap,
} from './ops/index.js';
export {
  columnFloats,
  type Dispatch,
  dequantizeMap,
  directInt8,
  type Int8Algorithm,
  type Int16Map,
  int8Add,
  int8Algorithm,
  int8AveragePool,
  int8Copy,
  int8MaxPool,
  putColumns,
  quantizeMap,
  winogradInt8,
} from './ops/int8/index.js';
