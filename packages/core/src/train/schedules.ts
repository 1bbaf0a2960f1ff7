import type { Schedule } from './optimizer.js';

/** From `lr` at the first step down half a cosine to `end` at the last (https://arxiv.org/abs/1608.03983, no restarts). */
export const cosine =
  (lr: number, end = 0): Exclude<Schedule, number> =>
  (step, steps) =>
    end + ((lr - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
