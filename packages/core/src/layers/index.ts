export { Activation, relu, sigmoid } from './activation.js';
export { BatchNorm, type BatchNormOptions, batchNorm } from './batch-norm.js';
export { Add, type Children, concat, identity, type ResidualOptions, residual, seq } from './combinators.js';
export { Conv2d, type ConvOptions, conv, type SameConvOptions, sameConv } from './conv.js';
export { Dropout, dropout } from './dropout.js';
export { at, isUnder, type Layer, type LayerArgs, type OwnKind } from './layer.js';
export { flatten, head, Linear, type LinearOptions, linear } from './linear.js';
export { LocalResponseNorm, type LocalResponseNormOptions, localResponseNorm } from './local-response-norm.js';
export type { Norm, NormOptions } from './norm.js';
export { PadChannels, type PadChannelsOptions, padChannels } from './pad-channels.js';
export type { Fans, Initial, InitialFunction, InitialName } from './parametric.js';
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  type AvgPoolOptions,
  adaptiveAvgPool,
  avgPool,
  globalAvgPool,
  MaxPool2d,
  maxPool,
  type PoolOptions,
} from './pool.js';
export {
  type Fusion,
  type Fusions,
  type GivenValues,
  withBuildScope,
  withFusions,
  withSmallestBatch,
} from './scopes.js';
export { adaptiveShares, padAfter } from './window.js';
