/*
 * Door for packages of a family of nets: layers, `defineModel` and `defineWeights`, all of which `@cnnzoo/core` has too. A
 * bundler keeps what an import could reach and a later call uses, so a family imports nothing that reaches further.
 */
export { CIFAR10 } from './data/index.js';
export type { InputShape, NetLayer } from './graph/index.js';
export {
  adaptiveAvgPool,
  avgPool,
  batchNorm,
  type Children,
  concat,
  conv,
  dropout,
  flatten,
  globalAvgPool,
  head,
  type Initial,
  identity,
  type Layer,
  linear,
  localResponseNorm,
  maxPool,
  type Norm,
  padChannels,
  type ResidualOptions,
  relu,
  residual,
  sameConv,
  seq,
  sigmoid,
} from './layers/index.js';
export { CnnzooError, type PackedFile } from './util/index.js';
export {
  type BuildOptions,
  cifar10Weights,
  type DropoutOptions,
  defineModel,
  defineWeights,
  type ModelDefinition,
  type NetOptions,
  torchvisionWeights,
  type Weights,
  type WeightsInfo,
} from './zoo/index.js';
