import type { Step } from '../loop/index.js';

/** Sums over the images of an epoch that is under way. Plain data. */
export interface EpochProgress {
  readonly images: number;
  /** Of their losses, weighed, and of the weights: their quotient is the mean. */
  readonly loss: number;
  readonly weight: number;
  readonly hits: number;
  /** Spent on steps. */
  readonly seconds: number;
  /** Of each step, where they are asked for. */
  readonly losses?: readonly number[];
}

export const NO_PROGRESS: EpochProgress = { images: 0, loss: 0, weight: 0, hits: 0, seconds: 0 };

export function advance(
  progress: EpochProgress,
  { loss, accuracy, count, weight }: Step,
  seconds: number,
  withLosses: boolean,
): EpochProgress {
  return {
    images: progress.images + count,
    loss: progress.loss + loss * weight,
    weight: progress.weight + weight,
    hits: progress.hits + accuracy * count,
    seconds: progress.seconds + seconds,
    ...(withLosses && { losses: [...(progress.losses ?? []), loss] }),
  };
}
