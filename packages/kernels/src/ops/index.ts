/* Mathematics of the kernels: ops over an engine's memory, which know nothing of tfjs. */
export {
  type Algorithm,
  DIRECT,
  directInputGradient,
  filterGradientAlgorithm,
  forwardAlgorithm,
  forwardBy,
  inputGradientAlgorithm,
  type MapConvolution,
  mapConvolution,
} from './algorithms.js';
export { batchNormGradient, batchStatistics, type Matrix, normalize } from './batch-norm.js';
export { columnSums } from './column-sums.js';
export { filterGradient, packBias } from './convolution.js';
export { denseView, type Geometry, type MapView, type Padding } from './geometry.js';
export {
  isTransposedProduct,
  type MatMulGeometry,
  matMul,
  matMulTransposed,
  packedMatrixFloats,
  packMatrix,
} from './matmul.js';
export { adamW, type Stepped, sgd } from './optimizer.js';
export { averagePool, averagePoolGradient, maxPool, maxPoolGradient, type Pooling, poolMap } from './pool.js';
export { Activation } from './product.js';
export { clamp, reluGradient } from './relu.js';
export { softmaxCrossEntropy } from './softmax.js';
