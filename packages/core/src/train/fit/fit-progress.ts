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
