export { freeze, type Part, unfreeze } from '../freeze.js';
export type { ParameterMatch } from '../match.js';
export { type AdamWOptions, adamW } from './adamw.js';
export type { Config, Described } from './config.js';
export { Ema, type EmaOptions } from './ema.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.js';
export { fit } from './fit/fit.js';
export type { EndOfProgress, FitProgress, ImageProgress, TrainingProgress } from './fit/fit-progress.js';
export type { EpochRecord, History } from './fit/history.js';
export type {
  CheckpointOptions,
  EarlyStopping,
  FeatureOptions,
  FitOptions,
  ImageWork,
  ResumeOptions,
  StageOptions,
} from './fit/options.js';
export type { ResumeDifference } from './fit/same-setup.js';
export {
  binaryCrossEntropy,
  type ClassWeights,
  type CrossEntropyOptions,
  crossEntropy,
  type Loss,
  type LossSum,
} from './loss.js';
export { cutmix, type Images, type Mix, mixup } from './mix.js';
export type { MultiLabelMetrics } from './multi-label.js';
export type { Gradient, Optimizer, OptimizerRun, Schedule } from './optimizer.js';
export type { OptimizerOptions, ParameterGroup } from './parameter-groups.js';
export { type RmspropOptions, rmsprop } from './rmsprop.js';
export {
  constant,
  cosine,
  exponential,
  type OneCycleOptions,
  oneCycle,
  type StepFunction,
  step,
  warmup,
} from './schedules.js';
export { type SgdOptions, sgd } from './sgd.js';
export type { Targets } from './targets.js';
export { type TrainOptions, train } from './train.js';
export type { RunOptions, Step } from './training-run.js';
