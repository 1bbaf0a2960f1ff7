/*
 * Operations of layers, losses and optimizers. Each runs on a kernel of @cnnzoo/kernels if the current backend has it, and
 * on tfjs' own operations otherwise; nothing else in core asks which.
 */
export {
  batchNormInference,
  batchNormTrain,
  canFuse,
  type Fused,
  type Normalization,
  type Statistics,
} from './batch-norm.js';
export { type Conv2dOptions, conv2d } from './conv2d.js';
export { crossEntropySum, meanCrossEntropy, oneHot, smoothTargets } from './cross-entropy.js';
export { adamWStep, changesOf, sgdStep } from './optimizer-steps.js';
export { avgPool2d, maxPool2d } from './pool.js';
export { relu } from './relu.js';
