import { address, word } from './descriptor';
import { multiplyAdd } from './simd';
import { TileInputField } from './winograd-fields';
import { tileOfMap } from './winograd-tile';

/*
 * Winograd's minimal filtering with tiles of 6 x 6: the points are 0, a, -a, b, -b and infinity, with b = 1/a. For
 * a = sqrt(1/2) the matrices' entries stay near 1, and the error is a fourth of that of the usual points 0, 1, -1, 2, -2
 * (docs/decisions/0009).
 *
 * Each transform multiplies by a matrix on both sides: first down the columns of a tile, into scratch memory, then
 * along the rows. The functions named after a matrix multiply one column or row by it, four channels side by side;
 * `fromStep` and `toStep` are the bytes from one of its values to the next.
 */

export const A: f32 = <f32>Math.SQRT1_2;
export const B: f32 = <f32>Math.SQRT2;
export const A2: f32 = 0.5;
export const B2: f32 = 2;
/** Product of the differences between a point and the other finite points: 1 for 0, and these for +-a and +-b. */
export const NA: f32 = 2 * A2 * (A2 - B2);
export const NB: f32 = 2 * B2 * (B2 - A2);

/** Values along a tile's side, and bytes of a tile's row in scratch memory. */
export const SIDE: usize = 6;
export const ROW: usize = 96;

export function times(x: v128, factor: f32): v128 {
  return f32x4.mul(x, f32x4.splat(factor));
}

/** Returns x + factor * y. */
export function plus(x: v128, factor: f32, y: v128): v128 {
  return multiplyAdd(y, f32x4.splat(factor), x);
}

/** Input: for a point p, the coefficients of the product of x - q over all other finite points q. */
function inputMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + fromStep);
  const d2 = v128.load(from + 2 * fromStep);
  const d3 = v128.load(from + 3 * fromStep);
  const d4 = v128.load(from + 4 * fromStep);
  const d5 = v128.load(from + 5 * fromStep);
  v128.store(to, f32x4.add(plus(d0, -(A2 + B2), d2), d4));
  const evenA = plus(d4, -B2, d2);
  const oddA = times(plus(d3, -B2, d1), A);
  v128.store(to + toStep, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStep, f32x4.sub(evenA, oddA));
  const evenB = plus(d4, -A2, d2);
  const oddB = times(plus(d3, -A2, d1), B);
  v128.store(to + 3 * toStep, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStep, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStep, f32x4.add(plus(d1, -(A2 + B2), d3), d5));
}

/** Transforms a tile of 6 x 6 pixels of a map into 36 planes: `channels` bytes at `out` in each. */
export function inputTile(
  x: usize,
  row: usize,
  pixel: usize,
  channels: usize,
  out: usize,
  plane: usize,
  scratch: usize,
): void {
  for (const end = x + channels; x < end; x += 16, out += 16) {
    for (let j: usize = 0; j < SIDE; j++) inputMatrix(x + j * pixel, row, scratch + (j << 4), ROW);
    for (let i: usize = 0; i < SIDE; i++) inputMatrix(scratch + i * ROW, 16, out + i * SIDE * plane, plane);
  }
}

/** Transforms tiles of a padded map, which may overlap. */
export function transformInput6x6(d: usize, task: i32, scratch: usize): void {
  const row = address(d, TileInputField.mapRow);
  const pixel = address(d, TileInputField.mapPixel);
  const channels = address(d, TileInputField.channels) << 2;
  const plane = address(d, TileInputField.outputPlane);
  const perTask = word(d, TileInputField.tilesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, TileInputField.tiles));
  for (let t = from; t < to; t++) {
    const x = tileOfMap(d, t + word(d, TileInputField.firstTile));
    const out = address(d, TileInputField.output) + <usize>t * channels;
    inputTile(x, row, pixel, channels, out, plane, scratch);
  }
}
