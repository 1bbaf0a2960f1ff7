import type { Evaluation, Step } from '../loop/index.js';

/** Record of one epoch of a `fit`. */
export interface EpochRecord {
  /** The epoch, from 0, counted over all stages. */
  readonly epoch: number;
  /** The stage, from 0. */
  readonly stage: number;
  /** Steps taken since the beginning of the whole training. */
  readonly steps: number;
  /** Mean loss of the epoch's images, each measured before the step that used it. */
  readonly loss: number;
  /** Fraction of those images whose largest logit was their label's: 0 to 1. */
  readonly top1: number;
  /** Images per second of training, without validation. */
  readonly imagesPerSecond: number;
  /** Measurements on the validation set, of the averaged weights if `ema` is on. */
  readonly validation?: Evaluation;
  /** Loss of every step, if `stepLosses` is on. */
  readonly losses?: readonly number[];
}

/** Result of a `fit`. */
export interface History {
  /** The epochs of all stages. */
  readonly epochs: readonly EpochRecord[];
  /** Seed of the run. The same seed repeats it. */
  readonly seed: number;
}

/** Sums over the images of the current epoch. Plain data, which training checkpoints hold under these names. */
export interface EpochSums {
  readonly images: number;
  /** Sum of the losses, each times its weight. */
  readonly loss: number;
  /** Sum of the weights, which the mean loss divides by. */
  readonly weight: number;
  /** Images whose largest logit was right. */
  readonly hits: number;
  /** Seconds spent on steps. */
  readonly seconds: number;
  /** Loss of each step, if they are kept. */
  readonly losses?: readonly number[];
}

export const NO_SUMS: EpochSums = { images: 0, loss: 0, weight: 0, hits: 0, seconds: 0 };

/** Adds a step to the sums. */
export function addStep(
  sums: EpochSums,
  { loss, accuracy, count, weight }: Step,
  seconds: number,
  withLosses: boolean,
): EpochSums {
  return {
    images: sums.images + count,
    loss: sums.loss + loss * weight,
    weight: sums.weight + weight,
    hits: sums.hits + accuracy * count,
    seconds: sums.seconds + seconds,
    ...(withLosses && { losses: [...(sums.losses ?? []), loss] }),
  };
}

/** Work on images without taking steps: computing the outputs of frozen layers, or validating. */
export type ImageWork = 'features' | 'validation';

interface WholeTraining {
  /** Fraction of the steps of the whole training that are taken, over all stages: 0 to 1. */
  readonly fraction: number;
}

/** Progress after a training step. */
export interface TrainingProgress extends WholeTraining {
  readonly work: 'training';
  /** The current epoch, from 0, counted over all stages. */
  readonly epoch: number;
  /** Epochs of the whole training. */
  readonly epochs: number;
  /** Steps taken in the current epoch: 1 to `total`. */
  readonly done: number;
  /** Steps of one epoch. */
  readonly total: number;
  /** Mean loss of the epoch's images so far, each measured before the step that used it. */
  readonly loss: number;
  /** Fraction of those images whose largest logit was their label's: 0 to 1. */
  readonly top1: number;
  /** Images of this epoch per second of training. */
  readonly imagesPerSecond: number;
  /** Estimated seconds until the whole training ends, validation included. */
  readonly secondsLeft: number;
}

/** Progress of work on images between the steps: frozen features are computed, or the net is validated. */
export interface ImageProgress extends WholeTraining {
  readonly work: ImageWork;
  /** Images done: 1 to `total`. */
  readonly done: number;
  /** Images of this work. */
  readonly total: number;
}

/** The last event of a training that began: it ended, failed or was aborted. */
export interface EndOfProgress extends WholeTraining {
  readonly work: 'ended';
}

/** Progress of a `fit`, told apart by `work`. */
export type FitProgress = TrainingProgress | ImageProgress | EndOfProgress;
