import { CnnzooError, shownValue } from '../util/index.js';

/** Range of a number, with its words for messages. NaN is in none. */
export interface Range {
  readonly words: string;
  readonly has: (value: number) => boolean;
}

const whole = (least: number, words: string): Range => ({
  words: `${words} of at least ${least}`,
  has: (value) => Number.isInteger(value) && value >= least,
});

/** Number of filters, units, groups, …: 1, 2, 3, … */
export const COUNT: Range = /* @__PURE__ */ whole(1, 'a whole number');
/** Number that may be 0: 0, 1, 2, … */
export const COUNT_OR_NONE: Range = /* @__PURE__ */ whole(0, 'a whole number');
/** Size, stride or dilation of a window. */
export const PIXELS: Range = /* @__PURE__ */ whole(1, 'whole pixels');
/** Padding of a window. */
export const PADDING: Range = /* @__PURE__ */ whole(0, 'whole pixels');
/** Fraction of a whole, 0 to 1. */
export const FRACTION: Range = { words: 'a number from 0 to 1', has: (value) => value >= 0 && value <= 1 };
/** Fraction of a whole, 0 to below 1. */
export const RATE: Range = { words: 'a number from 0 to below 1', has: (value) => value >= 0 && value < 1 };
/** Term that keeps a division away from 0. */
export const EPSILON: Range = {
  words: 'a finite number of at least 0',
  has: (value) => value >= 0 && Number.isFinite(value),
};
/** Coefficient of a formula. */
export const FINITE: Range = { words: 'a finite number', has: Number.isFinite };

/**
 * Refuses a layer's numbers that are out of range, before a layer is built that computes something else than the caller means.
 *
 * @param layer its builder's name, or its path in the net.
 * @throws CnnzooError INPUT.
 */
export function checkNumbers<Name extends string>(
  layer: string,
  values: Readonly<Record<NoInfer<Name>, unknown>>,
  ranges: Readonly<Record<Name, Range>>,
): void {
  for (const name of Object.keys(ranges) as Name[]) {
    const value = values[name];
    if (typeof value === 'number' && ranges[name].has(value)) continue;
    throw unexpected(layer, ranges[name].words, name, value);
  }
}

/**
 * Refuses a flag that is neither true nor false.
 *
 * @throws CnnzooError INPUT.
 */
export function checkFlags(layer: string, flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags))
    if (typeof value !== 'boolean') throw unexpected(layer, 'true or false', name, value);
}

/** Error for an argument of a layer. */
export function unexpected(layer: string, expected: string, name: string, value: unknown): CnnzooError {
  const received = typeof value === 'string' ? `'${value}'` : shownValue(value);
  return new CnnzooError('INPUT', `Layer '${layer}': expected ${expected} as ${name}, received ${received}.`);
}
