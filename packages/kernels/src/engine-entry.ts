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
  denseView,
  type Geometry,
  type MapConvolution,
  type MapView,
  type MatMulGeometry,
  mapConvolution,
  type Padding,
  type Pooling,
  packBias,
  packedMatrixFloats,
  packMatrix,
  poolMap,
} from './ops/index.js';
