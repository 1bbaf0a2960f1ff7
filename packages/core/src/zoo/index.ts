export { Classifier, load } from './classifier.js';
export type {
  ClassifierImages,
  ClassifierParts,
  ClassifyOptions,
  ImageAnswer,
  Prediction,
  StreamOptions,
} from './classifier-parts.js';
export { defineModel, type ModelSpec, type NetOptions } from './define.js';
export { defineWeights, type Weights } from './define-weights.js';
export type { BuildOptions, DropoutOptions, ModelDefinition } from './model-definition.js';
export type { PretrainedOptions } from './pretrained-options.js';
export {
  type Cifar10Facts,
  cifar10Weights,
  type LoadedWeights,
  type Metrics,
  type TorchvisionFacts,
  torchvisionWeights,
  type WeightsEntry,
  type WeightsInfo,
  type WeightsTable,
} from './weights.js';
