import { address, word } from './descriptor';
import { A, A2, B, B2, NA, NB, plus, ROW, SIDE, times } from './winograd-6x6';
import { TileInputField, WinogradFilterGradientField } from './winograd-fields';
import { tileOfMap } from './winograd-tile';

/*
 * Winograd's minimal filtering F(3x3, 4x4) for the gradient of a 3x3 filter: 36 products instead of 144, at the points of
 * winograd-6x6.ts.
 */

/** Rows and columns of a tile of the output's gradient, and of the filter. */
const OUTPUTS: usize = 4;
const TAPS: usize = 3;

/** Gradient of the output: the values as coefficients of a polynomial, evaluated at each point. */
function gradientMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const y0 = v128.load(from);
  const y1 = v128.load(from + fromStep);
  const y2 = v128.load(from + 2 * fromStep);
  const y3 = v128.load(from + 3 * fromStep);
  v128.store(to, y0);
  const evenA = times(plus(y0, A2, y2), 1 / NA);
  const oddA = times(plus(y1, A2, y3), A / NA);
  v128.store(to + toStep, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStep, f32x4.sub(evenA, oddA));
  const evenB = times(plus(y0, B2, y2), 1 / NB);
  const oddB = times(plus(y1, B2, y3), B / NB);
  v128.store(to + 3 * toStep, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStep, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStep, y3);
}

/** Gradient of the filter: the powers 0 to 2 of the points. */
function filterGradientMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  const m4 = v128.load(from + 4 * fromStep);
  const evenA = f32x4.add(m1, m2);
  const evenB = f32x4.add(m3, m4);
  v128.store(to, f32x4.add(v128.load(from), f32x4.add(evenA, evenB)));
  v128.store(to + toStep, plus(times(f32x4.sub(m1, m2), A), B, f32x4.sub(m3, m4)));
  const y2 = plus(times(evenA, A2), B2, evenB);
  v128.store(to + 2 * toStep, f32x4.add(y2, v128.load(from + 5 * fromStep)));
}

/** Transforms the 4 x 4 tiles of a gradient that is padded to whole tiles. */
export function transformGradient4x4(d: usize, task: i32, scratch: usize): void {
  const row = address(d, TileInputField.mapRow);
  const pixel = address(d, TileInputField.mapPixel);
  const channels = address(d, TileInputField.channels) << 2;
  const plane = address(d, TileInputField.outputPlane);
  const perTask = word(d, TileInputField.tilesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, TileInputField.tiles));
  for (let t = from; t < to; t++) {
    let y = tileOfMap(d, t + word(d, TileInputField.firstTile));
    let out = address(d, TileInputField.output) + <usize>t * channels;
    for (const end = y + channels; y < end; y += 16, out += 16) {
      for (let j: usize = 0; j < OUTPUTS; j++) gradientMatrix(y + j * pixel, row, scratch + (j << 4), ROW);
      for (let i: usize = 0; i < SIDE; i++) gradientMatrix(scratch + i * ROW, 16, out + i * SIDE * plane, plane);
    }
  }
}

/** Transforms the products into the nine taps of a filter's gradient. */
export function transformFilterGradient4x4(d: usize, task: i32, scratch: usize): void {
  const plane = address(d, WinogradFilterGradientField.inputPlane);
  const tap = address(d, WinogradFilterGradientField.outputTap);
  const perTask = word(d, WinogradFilterGradientField.valuesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, WinogradFilterGradientField.values));
  let m = address(d, WinogradFilterGradientField.input) + ((<usize>from) << 2);
  let out = address(d, WinogradFilterGradientField.output) + ((<usize>from) << 2);
  for (let value = from; value < to; value += 4, m += 16, out += 16) {
    for (let j: usize = 0; j < SIDE; j++) filterGradientMatrix(m + j * plane, SIDE * plane, scratch + (j << 4), ROW);
    for (let i: usize = 0; i < TAPS; i++) filterGradientMatrix(scratch + i * ROW, 16, out + i * TAPS * tap, tap);
  }
}
