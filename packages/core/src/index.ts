export { type BackendName, type UseBackendOptions, useBackend } from './backend/index.js';
export type {
  DType,
  FetchOptions,
  LazyTensor,
  ReadOptions,
  StateDict,
  StateTensor,
  TensorFile,
  WeightsSource,
} from './checkpoint/index.js';
export { type EncodeOptions, encodeSafetensors, openTensors, readStateDict } from './checkpoint/index.js';
export { type CompileOptions, compile } from './compile/index.js';
export { CIFAR10 } from './data/index.js';
export {
  type CacheEntry,
  type CacheFilter,
  type CacheOptions,
  type CheckedCacheEntry,
  cacheDirectory,
  clearCache,
  listCache,
  MIRROR_INDEX,
  type MirrorFile,
  type MirrorIndex,
  mirrorPath,
  type PackageSource,
  type PublishedSource,
  type Source,
  verifyCache,
} from './download/index.js';
export type { Net, OutputActivation } from './graph/index.js';
export {
  buildModel,
  type FeaturePyramid,
  featurePyramid,
  type InputShape,
  type NetLayer,
  type PyramidLevel,
  type Summary,
  type SummaryRow,
  summary,
} from './graph/index.js';
export type { FrameSource, ImageInput, ImageOptions, Preprocessing } from './images/index.js';
export type {
  Fans,
  Initial,
  InitialFunction,
  InitialName,
  Layer,
  Norm,
  NormOptions,
  PoolOptions,
} from './layers/index.js';
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  type AvgPoolOptions,
  adaptiveAvgPool,
  avgPool,
  BatchNorm,
  type BatchNormOptions,
  batchNorm,
  type Children,
  Conv2d,
  type ConvOptions,
  concat,
  conv,
  Dropout,
  dropout,
  flatten,
  globalAvgPool,
  head,
  identity,
  Linear,
  type LinearOptions,
  LocalResponseNorm,
  type LocalResponseNormOptions,
  linear,
  localResponseNorm,
  MaxPool2d,
  maxPool,
  PadChannels,
  type PadChannelsOptions,
  padChannels,
  type ResidualOptions,
  relu,
  residual,
  type SameConvOptions,
  sameConv,
  seq,
  sigmoid,
} from './layers/index.js';
export { GroupNorm, type GroupNormOptions, groupNorm, registerLayers } from './layers/late.js';
export type { SkippedFile, WasmPaths } from './platform/index.js';
export {
  loadStateDict,
  type SaveOptions,
  type SaveStateDictOptions,
  saveStateDict,
  stateDict,
} from './state-dict/index.js';
export type { LoadedStateDict } from './state-dict/late.js';
export { CnnzooError, type ErrorCode, type PackedFile, Random, type RandomState } from './util/index.js';
export type { Thresholds } from './util/late.js';
export type {
  LoadedWeights,
  Metrics,
  PretrainedOptions,
  WeightsEntry,
  WeightsInfo,
  WeightsTable,
} from './zoo/index.js';
export {
  type BuildOptions,
  type Cifar10Facts,
  Classifier,
  type ClassifierImages,
  type ClassifierParts,
  type ClassifyOptions,
  cifar10Weights,
  type DropoutOptions,
  defineModel,
  defineWeights,
  type ImageAnswer,
  load,
  type ModelDefinition,
  type ModelSpec,
  type NetOptions,
  type Prediction,
  type StreamOptions,
  type TorchvisionFacts,
  torchvisionWeights,
  type Weights,
} from './zoo/index.js';
