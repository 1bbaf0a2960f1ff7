export type { WasmPaths } from './backend/candidate.js';
export { type BackendName, type UseBackendOptions, useBackend } from './backend/choose.js';
export {
  Classifier,
  type ClassifierImages,
  type ClassifierParts,
  type ClassifyOptions,
  type Prediction,
} from './classifier.js';
export { CIFAR10 } from './data/cifar10-facts.js';
export { CnnzooError, type ErrorCode } from './errors.js';
export { type FeaturePyramid, featurePyramid, type PyramidLevel } from './feature-pyramid.js';
export type { ImageInput, ImageOptions } from './images/input.js';
export type { Preprocessing } from './images/prepare.js';
export { relu, sigmoid } from './layers/activation.js';
export { AdaptiveAvgPool2d, adaptiveAvgPool } from './layers/adaptive-avg-pool.js';
export { AvgPool2d, type AvgPoolOptions, avgPool } from './layers/avg-pool.js';
export { BatchNorm, type BatchNormOptions, batchNorm } from './layers/batch-norm.js';
export { buildModel, type InputShape, type NetLayer } from './layers/build.js';
export { type Children, concat, identity, type ResidualOptions, residual, seq } from './layers/combinators.js';
export { Conv2d, type ConvOptions, conv } from './layers/conv.js';
export { Dropout, dropout } from './layers/dropout.js';
export { globalAvgPool } from './layers/global-avg-pool.js';
export type { Initial } from './layers/initial.js';
export type { Layer } from './layers/layer.js';
export { flatten, head, Linear, type LinearOptions, linear } from './layers/linear.js';
export {
  LocalResponseNorm,
  type LocalResponseNormOptions,
  localResponseNorm,
} from './layers/local-response-norm.js';
export { MaxPool2d, maxPool } from './layers/max-pool.js';
export { PadChannels, type PadChannelsOptions, padChannels } from './layers/pad-channels.js';
export type { PoolOptions } from './layers/pool.js';
export { registerLayers } from './layers/register.js';
export { load } from './load-classifier.js';
export type { Net } from './net.js';
export type { OutputActivation } from './output-activation.js';
export { Random, type RandomState } from './random.js';
export { type Summary, type SummaryRow, summary } from './summary.js';
export type { Thresholds } from './thresholds.js';
export {
  type CacheEntry,
  type CacheFilter,
  type CacheOptions,
  type CheckedCacheEntry,
  cacheDirectory,
  clearCache,
  listCache,
  verifyCache,
} from './weights/cache-api.js';
export type { Source } from './weights/candidates.js';
export { type Cifar10Facts, cifar10Weights } from './weights/cifar10.js';
export {
  type BuildOptions,
  type DropoutOptions,
  defineModel,
  defineWeights,
  type ModelDefinition,
  type ModelSpec,
} from './weights/define.js';
export type { LoadedStateDict } from './weights/fit-keys.js';
export type { LoadedWeights } from './weights/loaded.js';
export { MIRROR_INDEX, type MirrorFile, type MirrorIndex, mirrorPath } from './weights/mirror-layout.js';
export { openTensors } from './weights/open-tensors.js';
export type { PretrainedOptions } from './weights/pretrained.js';
export { readStateDict } from './weights/read-state-dict.js';
export type { Metrics, WeightsEntry, WeightsInfo, WeightsTable } from './weights/registry.js';
export { loadStateDict, saveStateDict, stateDict } from './weights/state-dict.js';
export type { SkippedFile } from './weights/store.js';
export type {
  DType,
  FetchOptions,
  LazyTensor,
  ReadOptions,
  StateDict,
  StateTensor,
  TensorFile,
  WeightsSource,
} from './weights/tensors.js';
export { type TorchvisionFacts, torchvisionWeights } from './weights/torchvision.js';
export { type EncodeOptions, encodeSafetensors } from './weights/write-safetensors.js';
