export { checkFunction, checkNotEmpty } from './checks.js';
export { claim } from './claim.js';
export { Ema, type EmaOptions } from './ema.js';
export { checkEpochs, stepsPerEpoch } from './epochs.js';
export { type EvaluateOptions, type Evaluation, evaluate, evaluateTrainee } from './evaluate.js';
export { namesOf, RUN_OPTIONS } from './known-options.js';
export {
  binaryCrossEntropy,
  type ClassWeights,
  type CrossEntropyOptions,
  crossEntropy,
  type Loss,
  type LossSum,
} from './loss.js';
export { type MatchOptions, matchCategories, namedBy } from './match-categories.js';
export { cutmix, type Images, type Mix, mixup } from './mix.js';
export type { MultiLabelMetrics } from './multi-label.js';
export { type Position, type RunOptions, type Step, TrainingRun } from './run.js';
export { type TrainOptions, train } from './train.js';
export { restOfNet, type Trainee, wholeNet } from './trainee.js';
