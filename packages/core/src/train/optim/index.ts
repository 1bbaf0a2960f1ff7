export { type AdamWOptions, adamW } from './adamw.js';
export { type Config, type Described, describe, withConfig } from './config.js';
export type { Gradient, Optimizer, OptimizerOptions, OptimizerRun, ParameterGroup, Schedule } from './optimizer.js';
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
