export {
  Classifier,
  type ClassifierImages,
  type ClassifierParts,
  type ClassifyOptions,
  load,
  type Prediction,
} from './classifier.js';
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
export type { PretrainedOptions } from './pretrained.js';
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
