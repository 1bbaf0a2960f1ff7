import { CnnzooError } from '../../errors.js';
import { checkOptions, checkWhole } from '../../options.js';
import { withConfig } from './config.js';
import type { Schedule } from './optimizer.js';

/** A schedule that is a function of the step, 0 to `steps` - 1. */
export type StepFunction = Exclude<Schedule, number>;

/** The schedule as a function. */
const asFunction = (schedule: Schedule): StepFunction => (typeof schedule === 'function' ? schedule : () => schedule);

function checkPositive(name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new CnnzooError('INPUT', `expected ${name} above 0, received ${value}.`);
}

/** The same rate at every step. */
export const constant = (lr: number): StepFunction => withConfig(asFunction(lr), lr);

/**
 * `lr` times `gamma` for each drop that has come: after every `at` steps where it is a number, as torch.optim's StepLR,
 * or from each of the steps `at` on, as MultiStepLR. These count steps, where PyTorch's recipes count epochs.
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
 * From `lr` at the first step down half a cosine towards `end`, which it would reach one step after the last:
 * end + (lr - end) (1 + cos(pi step / steps)) / 2 (https://arxiv.org/abs/1608.03983, no restarts; torch.optim's
 * CosineAnnealingLR with T_max = steps).
 */
export function cosine(lr: number, end = 0): StepFunction {
  const schedule: StepFunction = (step, steps) => end + ((lr - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
  return withConfig(schedule, { name: 'cosine', lr, end });
}

/** lr gamma^step, as torch.optim's ExponentialLR: `gamma` is for one step, so it is close to 1. */
export function exponential(lr: number, gamma: number): StepFunction {
  checkPositive('gamma', gamma);
  return withConfig((step: number) => lr * gamma ** step, { name: 'exponential', lr, gamma });
}

export interface OneCycleOptions {
  /** The share of the steps in which the rate rises, 0 to 1 (default 0.3). */
  pctStart?: number;
  /** The first rate is maxLr / divFactor (default 25). */
  divFactor?: number;
  /** The last rate is the first / finalDivFactor (default 1e4). */
  finalDivFactor?: number;
}

/**
 * Up half a cosine to `maxLr` and down another to almost nothing (Smith and Topin, https://arxiv.org/abs/1708.07120), as
 * torch.optim's OneCycleLR with its defaults, total_steps = steps and cycle_momentum off: the peak is at step
 * pctStart steps - 1, the end at steps - 1.
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
  const between = (from: number, to: number, share: number): number =>
    to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  const schedule: StepFunction = (step, steps) => {
    const peak = pctStart * steps - 1;
    if (step < peak) return between(first, maxLr, step / peak);
    const fall = steps - 1 - peak;
    return fall > 0 ? between(maxLr, last, (step - peak) / fall) : maxLr;
  };
  return withConfig(schedule, { name: 'oneCycle', maxLr, pctStart, divFactor, finalDivFactor });
}

/**
 * `count` steps that lead to a schedule: its first rate times a factor that rises linearly from `start` (0.01: that of
 * torchvision's reference recipes) to 1; then the schedule over the steps that remain. PyTorch's SequentialLR of a
 * LinearLR with total_iters = count, and the schedule.
 */
export function warmup(schedule: Schedule, count: number, start = 0.01): StepFunction {
  checkWhole('count', count, 0);
  if (!(start >= 0 && start <= 1))
    throw new CnnzooError('INPUT', `warmup: expected start from 0 to 1, received ${start}.`);
  const after = asFunction(schedule);
  const warm: StepFunction = (step, steps) => {
    // A run that ends in its warmup has a schedule all the same: one of a single step.
    const remaining = Math.max(steps - count, 1);
    if (step >= count) return after(step - count, remaining);
    return after(0, remaining) * (start + ((1 - start) * step) / count);
  };
  return withConfig(warm, { name: 'warmup', schedule, count, start });
}
