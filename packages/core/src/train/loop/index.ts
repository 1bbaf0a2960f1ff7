export { checkFunction, checkNotEmpty } from './checks.js';
export { Ema, type EmaOptions } from './ema.js';
export { type EvaluateOptions, type Evaluation, evaluate, evaluateTrainee } from './evaluate.js';
export {
  binaryCrossEntropy,
  type ClassWeights,
  type CrossEntropyOptions,
  crossEntropy,
  type Loss,
  type LossSum,
} from './loss.js';
export { type MatchOptions, matchCategories, namedBy } from './match-categories.js';
export type { MultiLabelMetrics } from './metrics.js';
export { cutmix, type Images, type Mix, mixup } from './mix.js';
export {
  type CompleteRunOptions,
  completeRunOptions,
  epochSizes,
  namesOf,
  RUN_OPTIONS,
  type RunOptions,
  type TrainOptions,
} from './options.js';
export { type Position, type RunInput, TrainingRun } from './run.js';
export type { Step } from './step.js';
export { train } from './train.js';
export { claim, layersAfter, type Trainee, wholeNet } from './trainee.js';
