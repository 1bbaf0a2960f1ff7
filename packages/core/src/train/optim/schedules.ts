import { CnnzooError, checkOptions, checkWhole } from '../../util/index.js';
import { withConfig } from './config.js';
import type { Schedule } from './optimizer.js';

/** A schedule that is a function of the step, 0 to `steps` - 1. */
export type StepFunction = Exclude<Schedule, number>;

/** Returns the schedule as a function. */
const asFunction = (schedule: Schedule): StepFunction => (typeof schedule === 'function' ? schedule : () => schedule);

function checkPositive(name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new CnnzooError('INPUT', `expected ${name} above 0, received ${value}.`);
}

/**
 * Returns the same rate at every step.
 * @param lr the rate, at least 0.
 *
 * @example
 * ```ts
 * import { constant, sgd, warmup } from '@cnnzoo/core/train';
 *
 * const optimizer = sgd({ lr: warmup(constant(0.1), 100) });
 * ```
 */
export const constant = (lr: number): StepFunction => withConfig(asFunction(lr), lr);

/**
 * Multiplies `lr` by `gamma` at each drop. PyTorch's recipes count epochs where these schedules count steps.
 * @param lr the first rate.
 * @param at a number: a drop after every `at` steps, as torch.optim's StepLR. A list: a drop at each of these steps, as
 * MultiStepLR.
 * @param gamma factor of a drop, above 0. Default: 0.1.
 * @throws CnnzooError INPUT for an `at` that is not whole or a `gamma` that is not above 0.
 *
 * @example
 * ```ts
 * import { sgd, step } from '@cnnzoo/core/train';
 *
 * const optimizer = sgd({ lr: step(0.1, [1000, 2000]), momentum: 0.9 });
 * ```
 */
export function step(lr: number, at: number | readonly number[], gamma = 0.1): StepFunction {
  checkPositive('gamma', gamma);
  const described = (schedule: StepFunction) => withConfig(schedule, { name: 'step', lr, at, gamma });
  if (typeof at === 'number') {
    checkWhole('at', at, 1);
    return described((step) => lr * gamma ** Math.floor(step / at));
  }
  for (const drop of at) checkWhole('at', drop, 0);
  return described((step) => lr * gamma ** at.filter((drop) => step >= drop).length);
}

/**
 * Falls from `lr` at the first step along half a cosine towards `end`, which it would reach one step after the last:
 * end + (lr - end) (1 + cos(pi step / steps)) / 2. Source: https://arxiv.org/abs/1608.03983 without restarts;
 * torch.optim's CosineAnnealingLR with T_max = steps.
 * @param lr the first rate.
 * @param end the rate one step after the last. Default: 0.
 *
 * @example
 * ```ts
 * import { cosine, sgd } from '@cnnzoo/core/train';
 *
 * const optimizer = sgd({ lr: cosine(0.1), momentum: 0.9 });
 * ```
 */
export function cosine(lr: number, end = 0): StepFunction {
  const schedule: StepFunction = (step, steps) => end + ((lr - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
  return withConfig(schedule, { name: 'cosine', lr, end });
}

/**
 * Multiplies the rate by `gamma` at every step: lr gamma^step, as torch.optim's ExponentialLR.
 * @param lr the first rate.
 * @param gamma factor of one step, above 0; usually close to 1.
 * @throws CnnzooError INPUT for a `gamma` that is not above 0.
 *
 * @example
 * ```ts
 * import { exponential, rmsprop } from '@cnnzoo/core/train';
 *
 * const optimizer = rmsprop({ lr: exponential(0.01, 0.9995) });
 * ```
 */
export function exponential(lr: number, gamma: number): StepFunction {
  checkPositive('gamma', gamma);
  return withConfig((step: number) => lr * gamma ** step, { name: 'exponential', lr, gamma });
}

/** Options of `oneCycle`, with the names of torch.optim's OneCycleLR. */
export interface OneCycleOptions {
  /**
   * Fraction of the steps in which the rate rises, 0 to 1.
   * @defaultValue 0.3
   */
  pctStart?: number;
  /**
   * The first rate is maxLr / divFactor; above 0.
   * @defaultValue 25
   */
  divFactor?: number;
  /**
   * The last rate is the first / finalDivFactor; above 0.
   * @defaultValue 1e4
   */
  finalDivFactor?: number;
}

/**
 * Rises along half a cosine to `maxLr`, then falls along another to almost nothing: the peak is at step
 * pctStart steps - 1, the end at steps - 1. Source: Smith and Topin, https://arxiv.org/abs/1708.07120; torch.optim's
 * OneCycleLR with its defaults, total_steps = steps and cycle_momentum off.
 * @param maxLr the highest rate.
 * @throws CnnzooError INPUT for an option that is unknown or out of its range.
 *
 * @example
 * ```ts
 * import { oneCycle, sgd } from '@cnnzoo/core/train';
 *
 * const optimizer = sgd({ lr: oneCycle(0.2, { pctStart: 0.2 }), momentum: 0.9 });
 * ```
 */
export function oneCycle(
  maxLr: number,
  { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4, ...others }: OneCycleOptions = {},
): StepFunction {
  checkOptions('oneCycle', others, ['pctStart', 'divFactor', 'finalDivFactor']);
  if (!(pctStart >= 0 && pctStart <= 1))
    throw new CnnzooError('INPUT', `oneCycle: expected pctStart from 0 to 1, received ${pctStart}.`);
  checkPositive('divFactor', divFactor);
  checkPositive('finalDivFactor', finalDivFactor);
  const first = maxLr / divFactor;
  const last = first / finalDivFactor;
  const between = (from: number, to: number, fraction: number): number =>
    to + ((from - to) * (1 + Math.cos(Math.PI * fraction))) / 2;
  const schedule: StepFunction = (step, steps) => {
    const peak = pctStart * steps - 1;
    if (step < peak) return between(first, maxLr, step / peak);
    const fall = steps - 1 - peak;
    return fall > 0 ? between(maxLr, last, (step - peak) / fall) : maxLr;
  };
  return withConfig(schedule, { name: 'oneCycle', maxLr, pctStart, divFactor, finalDivFactor });
}

/**
 * Leads up to a schedule: for `count` steps the schedule's first rate times a factor that rises linearly from `start` to
 * 1, then the schedule over the remaining steps. Source: torch.optim's SequentialLR of a LinearLR with
 * total_iters = count, and the schedule.
 * @param schedule the rate, or the schedule, after the warmup.
 * @param count number of steps of the warmup, at least 0.
 * @param start the first factor, 0 to 1. Default: 0.01, that of torchvision's reference recipes.
 * @throws CnnzooError INPUT for a `count` that is not whole or a `start` that is out of its range.
 *
 * @example
 * ```ts
 * import { adamW, cosine, warmup } from '@cnnzoo/core/train';
 *
 * const optimizer = adamW({ lr: warmup(cosine(1e-3), 100) });
 * ```
 */
export function warmup(schedule: Schedule, count: number, start = 0.01): StepFunction {
  checkWhole('count', count, 0);
  if (!(start >= 0 && start <= 1))
    throw new CnnzooError('INPUT', `warmup: expected start from 0 to 1, received ${start}.`);
  const after = asFunction(schedule);
  const warm: StepFunction = (step, steps) => {
    // A run that ends in its warmup still has a schedule: one of a single step.
    const remaining = Math.max(steps - count, 1);
    if (step >= count) return after(step - count, remaining);
    return after(0, remaining) * (start + ((1 - start) * step) / count);
  };
  return withConfig(warm, { name: 'warmup', schedule, count, start });
}
