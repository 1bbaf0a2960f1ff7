import type { Prediction } from '@cnnzoo/core';
import { confusionOf, pngUrl } from '@cnnzoo/report';

/** Digit of the test set, with the net's prediction. */
export interface Digit {
  /** 28 x 28 values, from 0 (paper) to 255 (ink). */
  readonly pixels: Uint8Array;
  readonly label: number;
  /** Digit that the net predicted. */
  readonly predicted: number;
  /** Softmax probability of the predicted digit, 0 to 1. */
  readonly probability: number;
}

export const SIZE = 28;

export const NAMES: readonly string[] = Array.from({ length: 10 }, (_, digit) => String(digit));

export const isWrong = ({ label, predicted }: Digit): boolean => label !== predicted;

/** Counts answers: `[label][predicted]`. */
export const confusion = (digits: readonly Digit[]): number[][] => confusionOf(digits, NAMES.length);

/** Returns the fraction of each digit that was recognised, 0 to 1. */
export const recall = (table: readonly (readonly number[])[]): number[] =>
  table.map((row, digit) => row[digit]! / row.reduce((sum, n) => sum + n, 0));

/** Returns the mistakes, the surest first. */
export const mistakes = (digits: readonly Digit[]): Digit[] =>
  digits.filter(isWrong).sort((a, b) => b.probability - a.probability);

/** Returns the first correctly read digit of each class. */
export const oneOfEach = (digits: readonly Digit[]): Digit[] =>
  NAMES.map((_, label) => digits.find((digit) => digit.label === label && !isWrong(digit))).filter(
    (digit) => digit !== undefined,
  );

/** Returns a digit, light on dark in MNIST, as a picture dark on light: the data URL of a PNG. */
export const inkOnPaper = ({ pixels }: Digit): string =>
  pngUrl({ width: SIZE, height: SIZE, channels: 1, data: pixels.map((value) => 255 - value) });

/** Photograph with the predictions of a net. */
export interface Photograph {
  /** File name of the photograph. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly predictions: readonly Prediction[];
}
