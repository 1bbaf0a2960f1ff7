export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.js';
export { crossEntropy, type Loss } from './loss.js';
export type { Gradient, Optimizer, OptimizerRun, Schedule } from './optimizer.js';
export { cosine } from './schedules.js';
export { type SgdOptions, sgd } from './sgd.js';
export { type Step, type TrainOptions, train } from './train.js';
