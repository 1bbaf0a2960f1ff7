import { address, word } from './descriptor';
import { PANEL_ROW } from './panels';
import { A, A2, B, B2, NA, NB, plus, ROW, SIDE, times } from './winograd-6x6';
import { TileInputField, TileOutputField, WinogradFilterField, WinogradFilterGradientField } from './winograd-fields';
import { FILTER_ROWS, gatherTaps } from './winograd-filter';
import { finish, hasLower, hasRight, tileOfMap, tileOfOutput } from './winograd-tile';

/*
 * Winograd's minimal filtering as in winograd-3x3.ts, for 5x5 filters: F(2x2, 5x5) with 36 products instead of 100, and
 * F(5x5, 2x2) for the filter's gradient, at the points of winograd-6x6.ts.
 */

/** Gradient of the output: the values as coefficients of a polynomial, evaluated at each point. */
function gradientMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const y0 = v128.load(from);
  const y1 = v128.load(from + fromStep);
  v128.store(to, y0);
  const evenA = times(y0, 1 / NA);
  v128.store(to + toStep, plus(evenA, A / NA, y1));
  v128.store(to + 2 * toStep, plus(evenA, -A / NA, y1));
  const evenB = times(y0, 1 / NB);
  v128.store(to + 3 * toStep, plus(evenB, B / NB, y1));
  v128.store(to + 4 * toStep, plus(evenB, -B / NB, y1));
  v128.store(to + 5 * toStep, y1);
}

/** Filter: a polynomial of five coefficients, evaluated at each point. */
function filterMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from);
  const g1 = v128.load(from + fromStep);
  const g2 = v128.load(from + 2 * fromStep);
  const g3 = v128.load(from + 3 * fromStep);
  const g4 = v128.load(from + 4 * fromStep);
  v128.store(to, g0);
  const evenA = times(plus(plus(g0, A2, g2), A2 * A2, g4), 1 / NA);
  const oddA = times(plus(g1, A2, g3), A / NA);
  v128.store(to + toStep, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStep, f32x4.sub(evenA, oddA));
  const evenB = times(plus(plus(g0, B2, g2), B2 * B2, g4), 1 / NB);
  const oddB = times(plus(g1, B2, g3), B / NB);
  v128.store(to + 3 * toStep, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStep, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStep, g4);
}

/** Output: the powers 0 and 1 of the points. */
function outputMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  const m4 = v128.load(from + 4 * fromStep);
  v128.store(to, f32x4.add(v128.load(from), f32x4.add(f32x4.add(m1, m2), f32x4.add(m3, m4))));
  const y1 = plus(times(f32x4.sub(m1, m2), A), B, f32x4.sub(m3, m4));
  v128.store(to + toStep, f32x4.add(y1, v128.load(from + 5 * fromStep)));
}

/** Gradient of the filter: the powers 0 to 4 of the points. */
function filterGradientMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  const m4 = v128.load(from + 4 * fromStep);
  const evenA = f32x4.add(m1, m2);
  const oddA = times(f32x4.sub(m1, m2), A);
  const evenB = f32x4.add(m3, m4);
  const oddB = times(f32x4.sub(m3, m4), B);
  v128.store(to, f32x4.add(v128.load(from), f32x4.add(evenA, evenB)));
  v128.store(to + toStep, f32x4.add(oddA, oddB));
  v128.store(to + 2 * toStep, plus(times(evenA, A2), B2, evenB));
  v128.store(to + 3 * toStep, plus(times(oddA, A2), B2, oddB));
  const y4 = plus(times(evenA, A2 * A2), B2 * B2, evenB);
  v128.store(to + 4 * toStep, f32x4.add(y4, v128.load(from + 5 * fromStep)));
}

/** Transforms the 2 x 2 tiles of a gradient that is padded to whole tiles. */
export function transformGradient5x5(d: usize, task: i32, scratch: usize): void {
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
      for (let j: usize = 0; j < 2; j++) gradientMatrix(y + j * pixel, row, scratch + (j << 4), ROW);
      for (let i: usize = 0; i < SIDE; i++) gradientMatrix(scratch + i * ROW, 16, out + i * SIDE * plane, plane);
    }
  }
}

/** Transforms the products into the output, adds the bias and applies the activation. */
export function transformOutput5x5(d: usize, task: i32, scratch: usize): void {
  const channels = address(d, TileOutputField.channels) << 2;
  const pixel = address(d, TileOutputField.outPixel);
  const plane = address(d, TileOutputField.inputPlane);
  const next = address(d, TileOutputField.outRow);
  const biases = address(d, TileOutputField.bias);
  const activation = word(d, TileOutputField.activation);
  const accumulate = word(d, TileOutputField.accumulate) !== 0;
  const perTask = word(d, TileOutputField.tilesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, TileOutputField.tiles));
  const zero = f32x4.splat(0);
  const tileOut = scratch + 2 * ROW;
  for (let t = from; t < to; t++) {
    const tile = t + word(d, TileOutputField.firstTile);
    const right = hasRight(d, tile);
    const below = hasLower(d, tile);
    let out = tileOfOutput(d, tile);
    let m = address(d, TileOutputField.input) + <usize>t * channels;
    for (let c: usize = 0; c < channels; c += 16, m += 16, out += 16) {
      for (let j: usize = 0; j < SIDE; j++) outputMatrix(m + j * plane, SIDE * plane, scratch + (j << 4), ROW);
      outputMatrix(scratch, 16, tileOut, 16);
      outputMatrix(scratch + ROW, 16, tileOut + 32, 16);
      const bias = biases ? v128.load(biases + c) : zero;
      finish(out, tileOut, bias, activation, accumulate);
      if (right) finish(out + pixel, tileOut + 16, bias, activation, accumulate);
      if (below) {
        finish(out + next, tileOut + 32, bias, activation, accumulate);
        if (right) finish(out + next + pixel, tileOut + 48, bias, activation, accumulate);
      }
    }
  }
}

/** Bytes of a gathered row of a filter's panel: its 25 taps. */
const FILTER_ROW: usize = 25 * PANEL_ROW;
const FILTER_TILE: usize = <usize>FILTER_ROWS * FILTER_ROW;

/** Transforms a filter into 36 planes of packed panels. A task is one panel. */
export function transformFilter5x5(d: usize, task: i32, scratch: usize): void {
  const rows = word(d, WinogradFilterField.rows);
  const plane = address(d, WinogradFilterField.outputPlane);
  const tile = scratch + FILTER_TILE;
  let out = address(d, WinogradFilterField.output) + <usize>(task * rows) * PANEL_ROW;
  for (let k = 0; k < rows; k += FILTER_ROWS) {
    const count = min(FILTER_ROWS, rows - k);
    gatherTaps(d, task, k, count, 25, scratch);
    for (let row = 0; row < count; row++, out += PANEL_ROW)
      for (let column: usize = 0; column < PANEL_ROW; column += 16) {
        const g = scratch + <usize>row * FILTER_ROW + column;
        for (let j: usize = 0; j < 5; j++) filterMatrix(g + j * PANEL_ROW, 5 * PANEL_ROW, tile + (j << 4), ROW);
        for (let i: usize = 0; i < SIDE; i++) filterMatrix(tile + i * ROW, 16, out + column + i * SIDE * plane, plane);
      }
  }
}

/** Transforms the products into the 25 taps of a filter's gradient. */
export function transformFilterGradient5x5(d: usize, task: i32, scratch: usize): void {
  const plane = address(d, WinogradFilterGradientField.inputPlane);
  const tap = address(d, WinogradFilterGradientField.outputTap);
  const perTask = word(d, WinogradFilterGradientField.valuesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, WinogradFilterGradientField.values));
  let m = address(d, WinogradFilterGradientField.input) + ((<usize>from) << 2);
  let out = address(d, WinogradFilterGradientField.output) + ((<usize>from) << 2);
  for (let value = from; value < to; value += 4, m += 16, out += 16) {
    for (let j: usize = 0; j < SIDE; j++) filterGradientMatrix(m + j * plane, SIDE * plane, scratch + (j << 4), ROW);
    for (let i: usize = 0; i < 5; i++) filterGradientMatrix(scratch + i * ROW, 16, out + i * 5 * tap, tap);
  }
}
