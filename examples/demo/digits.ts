import type { Prediction } from '@cnnzoo/core';

/** A digit of the test set, and what the net said. */
export interface Digit {
  /** 28 x 28, 0 is the paper, 255 the ink. */
  readonly pixels: Uint8Array;
  readonly truth: number;
  /** The first guess. */
  readonly guess: number;
  /** Softmax probability of the guess. */
  readonly score: number;
}

export const SIZE = 28;

export const isWrong = ({ truth, guess }: Digit): boolean => truth !== guess;

/** `[truth][guess]` -> how many. */
export function confusion(digits: readonly Digit[]): number[][] {
  const table = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  for (const { truth, guess } of digits) table[truth]![guess]!++;
  return table;
}

/** The share of each digit that was recognised, 0 to 1. */
export const recall = (table: readonly (readonly number[])[]): number[] =>
  table.map((row, digit) => row[digit]! / row.reduce((sum, n) => sum + n, 0));

/** The mistakes, the surest first. */
export const mistakes = (digits: readonly Digit[]): Digit[] => digits.filter(isWrong).sort((a, b) => b.score - a.score);

/** The first correctly read digit of each class. */
export const oneOfEach = (digits: readonly Digit[]): Digit[] =>
  Array.from({ length: 10 }, (_, label) => digits.find((digit) => digit.truth === label && !isWrong(digit))).filter(
    (digit) => digit !== undefined,
  );

/** A photograph, and what a net found in it. */
export interface Photograph {
  /** Its name. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly predictions: readonly Prediction[];
}
