import type { Evaluation } from '../loop/index.js';

/** One epoch of a `fit`. */
export interface EpochRecord {
  /** From 0, counted over all stages. */
  readonly epoch: number;
  /** Which stage it belongs to, from 0. */
  readonly stage: number;
  /** Steps taken since the beginning of the whole training. */
  readonly steps: number;
  /** Mean over the epoch's images, each before the step that used it. */
  readonly loss: number;
  /** The share of those whose largest logit was their label's, 0 to 1. */
  readonly top1: number;
  /** Of training alone, without validation. */
  readonly imagesPerSecond: number;
  /** On the validation set, with the averaged weights where `ema` is on. */
  readonly validation?: Evaluation;
  /** The loss of every step, where `stepLosses` asks for it. */
  readonly losses?: readonly number[];
}

export interface History {
  readonly epochs: readonly EpochRecord[];
  /** What the run was drawn from: give it again to repeat the run. */
  readonly seed: number;
}
