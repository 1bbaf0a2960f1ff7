import type { Quantization } from '../graph/index.js';
import { roundEven } from '../graph/index.js';
import type { ValueStatistics } from './statistics.js';

/** Values that 8 bits cover: from `min`, at most 0, to `max`, at least 0. Others are cut. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** How the range of a value is chosen from the values seen. */
export type Calibration = 'min-max' | 'percentile' | 'entropy';

/** Levels of a distribution that are compared with it. */
const LEVELS = 128;

/** Probability of values that have no level. */
const NO_LEVEL = 1e-8;

/** Returns the range without the values beyond a percentile at each end. */
function percentileRange({ bins, width, count, min, max }: ValueStatistics, percentile: number): Range {
  const cut = count * (1 - percentile / 100);
  const half = bins!.length / 2;
  let last = bins!.length - 1;
  for (let beyond = bins![last]!; last > half && beyond <= cut; beyond += bins![last]!) last--;
  let first = 0;
  for (let beyond = bins![first]!; first < half && beyond <= cut; beyond += bins![first]!) first++;
  return { min: Math.max(min, (first - half) * width), max: Math.min(max, (last + 1 - half) * width) };
}

/** Kullback-Leibler divergence of the first `end` bins, with the rest in the last of them, from the same in `LEVELS` levels. */
function divergence(bins: Float64Array, end: number, total: number): number {
  let rest = 0;
  for (let i = end; i < bins.length; i++) rest += bins[i]!;
  const step = end / LEVELS;
  let sum = 0;
  let inside = 0;
  for (let i = 0; i < end; i++) inside += bins[i]!;
  for (let level = 0; level < LEVELS; level++) {
    const [from, to] = [Math.floor(level * step), Math.floor((level + 1) * step)];
    let mass = 0;
    let filled = 0;
    for (let i = from; i < to; i++)
      if (bins[i]! > 0) {
        mass += bins[i]!;
        filled++;
      }
    if (filled === 0) continue;
    const q = mass / filled / inside;
    for (let i = from; i < to; i++) {
      const p = (bins[i]! + (i === end - 1 ? rest : 0)) / total;
      if (p > 0 && bins[i]! > 0) sum += p * Math.log(p / q);
    }
  }
  // Values that are cut have no level if the last bin is empty.
  if (rest > 0 && bins[end - 1] === 0) sum += (rest / total) * Math.log(rest / total / NO_LEVEL);
  return sum;
}

/** Returns the range whose levels differ least from the distribution of the values' magnitudes. */
function entropyRange({ bins, width, count, min, max }: ValueStatistics): Range {
  const half = bins!.length / 2;
  const magnitudes = new Float64Array(half);
  for (let i = 0; i < half; i++) magnitudes[i] = bins![half + i]! + bins![half - 1 - i]!;
  // Zeros have a level of their own in any range: their share says nothing about the others.
  magnitudes[0] = magnitudes[1]!;
  const total = magnitudes.reduce((sum, each) => sum + each, 0);
  if (count === 0 || total === 0) return { min, max };
  let [best, least] = [half, Number.POSITIVE_INFINITY];
  for (let end = LEVELS; end <= half; end += 8) {
    const found = divergence(magnitudes, end, total);
    if (found < least) [best, least] = [end, found];
  }
  const limit = best * width;
  return { min: Math.max(min, -limit), max: Math.min(max, limit) };
}

/** Returns the range of a value. */
export function rangeOf(statistics: ValueStatistics, calibration: Calibration, percentile: number): Range {
  const { min, max } = statistics;
  if (min === 0 && max === 0) return { min, max };
  if (calibration === 'percentile') return percentileRange(statistics, percentile);
  if (calibration === 'entropy') return entropyRange(statistics);
  return { min, max };
}

/** The least scale: the product of two is a normal float32. */
export const LEAST_SCALE = 2 ** -60;

/** Returns the scale and zero point of a range, in which 0 is a whole number. */
export function quantizationOf({ min, max }: Range): Quantization {
  if (min === max) return { scale: 1, zeroPoint: 0 };
  const scale = Math.max((max - min) / 255, LEAST_SCALE);
  return { scale: Math.fround(scale), zeroPoint: roundEven(-min / scale) };
}
