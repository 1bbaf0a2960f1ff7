export { Classifier, load } from './classifier.js';
export type { ClassifierImages, ClassifierParts, ClassifyOptions, Prediction } from './classifier-parts.js';
export {
  type BuildOptions,
  type DropoutOptions,
  defineModel,
  defineWeights,
  type ModelDefinition,
  type ModelSpec,
  type NetOptions,
  type Weights,
} from './define.js';
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
