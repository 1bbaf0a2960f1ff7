import { address, word } from './descriptor';
import { PANEL_ROW } from './panels';
import { TileInputField, TileOutputField, WinogradFilterField, WinogradFilterGradientField } from './winograd-fields';
import { FILTER_ROWS, gatherTaps } from './winograd-filter';
import { activated, hasLower, hasRight, tileOfMap, tileOfOutput } from './winograd-tile';

/*
 * Winograd's minimal filtering (Lavin and Gray, https://arxiv.org/abs/1509.09308) at the points 0, 1, -1 and infinity:
 *
 *   F(2x2, 3x3): output tile = A^T [(G filter G^T) * (B^T input tile B)] A         16 products instead of 36
 *   F(3x3, 2x2): filter      = C^T [(H output tile H^T) * (B^T input tile B)] C    the same, for the filter's gradient
 *
 *   B^T = 1  0 -1  0    G =  1    0   0     A^T = 1  1  1  0    H =  1    0     C^T = 1  1  1  0
 *         0  1  1  0        1/2  1/2 1/2          0  1 -1 -1        1/2  1/2          0  1 -1  0
 *         0 -1  1  0        1/2 -1/2 1/2                            1/2 -1/2          0  1  1 -1
 *         0  1  0 -1         0    0   1                              0    1
 */

function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

function subtract(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}

/** Computes B^T x B of the tiles of a padded map. */
export function transformInput3x3(d: usize, task: i32): void {
  const row = address(d, TileInputField.mapRow);
  const pixel = address(d, TileInputField.mapPixel);
  const channels = address(d, TileInputField.channels) << 2;
  const plane = address(d, TileInputField.outputPlane);
  const perTask = word(d, TileInputField.tilesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, TileInputField.tiles));
  for (let t = from; t < to; t++) {
    let x = tileOfMap(d, t + word(d, TileInputField.firstTile));
    let out = address(d, TileInputField.output) + <usize>t * channels;
    const end = x + channels;
    while (x < end) {
      // One row of B^T x at a time, because there are too few registers: a combination of two rows of x.
      for (let i = 0; i < 4; i++) {
        const r0 = x + row * (i === 0 ? 0 : i === 3 ? 1 : i);
        const r1 = x + row * (i === 3 ? 3 : i === 2 ? 1 : 2);
        let a0 = v128.load(r0);
        let a1 = v128.load(r0 + pixel);
        let a2 = v128.load(r0 + 2 * pixel);
        let a3 = v128.load(r0 + 3 * pixel);
        const b0 = v128.load(r1);
        const b1 = v128.load(r1 + pixel);
        const b2 = v128.load(r1 + 2 * pixel);
        const b3 = v128.load(r1 + 3 * pixel);
        if (i === 1) {
          a0 = add(a0, b0);
          a1 = add(a1, b1);
          a2 = add(a2, b2);
          a3 = add(a3, b3);
        } else {
          a0 = subtract(a0, b0);
          a1 = subtract(a1, b1);
          a2 = subtract(a2, b2);
          a3 = subtract(a3, b3);
        }
        const at = out + <usize>(i << 2) * plane;
        v128.store(at, subtract(a0, a2));
        v128.store(at + plane, add(a1, a2));
        v128.store(at + 2 * plane, subtract(a2, a1));
        v128.store(at + 3 * plane, subtract(a1, a3));
      }
      x += 16;
      out += 16;
    }
  }
}

/** Computes H y H^T of the 2 x 2 tiles of a gradient that is padded to whole tiles. */
export function transformGradient3x3(d: usize, task: i32): void {
  const row = address(d, TileInputField.mapRow);
  const pixel = address(d, TileInputField.mapPixel);
  const channels = address(d, TileInputField.channels) << 2;
  const plane = address(d, TileInputField.outputPlane);
  const perTask = word(d, TileInputField.tilesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, TileInputField.tiles));
  const half = f32x4.splat(0.5);
  for (let t = from; t < to; t++) {
    let y = tileOfMap(d, t + word(d, TileInputField.firstTile));
    let out = address(d, TileInputField.output) + <usize>t * channels;
    const end = y + channels;
    while (y < end) {
      const y00 = v128.load(y);
      const y01 = v128.load(y + pixel);
      const y10 = v128.load(y + row);
      const y11 = v128.load(y + row + pixel);
      for (let i = 0; i < 4; i++) {
        let a = y00;
        let b = y01;
        if (i === 1) {
          a = f32x4.mul(add(y00, y10), half);
          b = f32x4.mul(add(y01, y11), half);
        } else if (i === 2) {
          a = f32x4.mul(subtract(y00, y10), half);
          b = f32x4.mul(subtract(y01, y11), half);
        } else if (i === 3) {
          a = y10;
          b = y11;
        }
        const at = out + <usize>(i << 2) * plane;
        v128.store(at, a);
        v128.store(at + plane, f32x4.mul(add(a, b), half));
        v128.store(at + 2 * plane, f32x4.mul(subtract(a, b), half));
        v128.store(at + 3 * plane, b);
      }
      y += 16;
      out += 16;
    }
  }
}

/** Computes A^T m A of the products, adds the bias and applies the activation. */
export function transformOutput3x3(d: usize, task: i32): void {
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
  for (let t = from; t < to; t++) {
    const tile = t + word(d, TileOutputField.firstTile);
    const right = hasRight(d, tile);
    const below = hasLower(d, tile);
    let out = tileOfOutput(d, tile);
    let m = address(d, TileOutputField.input) + <usize>t * channels;
    for (let c: usize = 0; c < channels; c += 16) {
      let y00 = biases ? v128.load(biases + c) : zero;
      let y01 = y00;
      let y10 = y00;
      let y11 = y00;
      for (let q = 0; q < 4; q++) {
        const at = m + <usize>(q << 2) * plane;
        const m0 = v128.load(at);
        const m1 = v128.load(at + plane);
        const m2 = v128.load(at + 2 * plane);
        const m3 = v128.load(at + 3 * plane);
        const a = add(add(m0, m1), m2);
        const b = subtract(subtract(m1, m2), m3);
        if (q < 3) {
          y00 = add(y00, a);
          y01 = add(y01, b);
        }
        if (q === 1) {
          y10 = add(y10, a);
          y11 = add(y11, b);
        } else if (q > 1) {
          y10 = subtract(y10, a);
          y11 = subtract(y11, b);
        }
      }
      if (accumulate) {
        const column = right ? pixel : 0;
        const lower = out + (below ? next : 0);
        y00 = add(y00, v128.load(out));
        y01 = add(y01, v128.load(out + column));
        y10 = add(y10, v128.load(lower));
        y11 = add(y11, v128.load(lower + column));
      }
      v128.store(out, activated(y00, activation));
      if (right) v128.store(out + pixel, activated(y01, activation));
      if (below) {
        v128.store(out + next, activated(y10, activation));
        if (right) v128.store(out + next + pixel, activated(y11, activation));
      }
      out += 16;
      m += 16;
    }
  }
}

/**
 * Computes a value of one column of G g for four columns side by side, from the taps `a`, `b` and `c`, top to bottom.
 */
function filterRow(i: i32, a: v128, b: v128, c: v128): v128 {
  if (i === 0) return a;
  if (i === 3) return c;
  const outer = add(a, c);
  return f32x4.mul(i === 1 ? add(outer, b) : subtract(outer, b), f32x4.splat(0.5));
}

/** Bytes of a gathered row of a filter's panel: its nine taps. */
const FILTER_ROW: usize = 9 * PANEL_ROW;

/** Computes G g G^T of a filter as 16 planes of packed panels. A task is one panel. */
export function transformFilter3x3(d: usize, task: i32, scratch: usize): void {
  const rows = word(d, WinogradFilterField.rows);
  const plane = address(d, WinogradFilterField.outputPlane);
  let out = address(d, WinogradFilterField.output) + <usize>(task * rows) * PANEL_ROW;
  for (let k = 0; k < rows; k += FILTER_ROWS) {
    const count = min(FILTER_ROWS, rows - k);
    gatherTaps(d, task, k, count, 9, scratch);
    for (let row = 0; row < count; row++) {
      for (let column: usize = 0; column < PANEL_ROW; column += 16) {
        const g = scratch + <usize>row * FILTER_ROW + column;
        for (let i = 0; i < 4; i++) {
          const a = filterRow(i, v128.load(g), v128.load(g, 192), v128.load(g, 384));
          const b = filterRow(i, v128.load(g, 64), v128.load(g, 256), v128.load(g, 448));
          const c = filterRow(i, v128.load(g, 128), v128.load(g, 320), v128.load(g, 512));
          const at = out + column + <usize>(i << 2) * plane;
          v128.store(at, a);
          v128.store(at + plane, filterRow(1, a, b, c));
          v128.store(at + 2 * plane, filterRow(2, a, b, c));
          v128.store(at + 3 * plane, c);
        }
      }
      out += PANEL_ROW;
    }
  }
}

/** Computes C^T m C of the products: the nine taps of a filter's gradient. */
export function transformFilterGradient3x3(d: usize, task: i32): void {
  const plane = address(d, WinogradFilterGradientField.inputPlane);
  const tap = address(d, WinogradFilterGradientField.outputTap);
  const perTask = word(d, WinogradFilterGradientField.valuesPerTask);
  const from = task * perTask;
  const to = min(from + perTask, word(d, WinogradFilterGradientField.values));
  const zero = f32x4.splat(0);
  let m = address(d, WinogradFilterGradientField.input) + ((<usize>from) << 2);
  let out = address(d, WinogradFilterGradientField.output) + ((<usize>from) << 2);
  for (let value = from; value < to; value += 4) {
    // Columns of C^T m C, each from three columns of m: C^T, then its transpose on the other side.
    for (let j: usize = 0; j < 3; j++) {
      let y0 = zero;
      let y1 = zero;
      let y2 = zero;
      for (let i: usize = 0; i < 4; i++) {
        const at = m + (i << 2) * plane;
        const m1 = v128.load(at + plane);
        const m2 = v128.load(at + 2 * plane);
        let a: v128;
        if (j === 0) a = add(add(v128.load(at), m1), m2);
        else if (j === 1) a = subtract(m1, m2);
        else a = subtract(add(m1, m2), v128.load(at + 3 * plane));
        if (i < 3) y0 = add(y0, a);
        if (i === 1) {
          y1 = add(y1, a);
          y2 = add(y2, a);
        } else if (i === 2) {
          y1 = subtract(y1, a);
          y2 = add(y2, a);
        } else if (i === 3) {
          y2 = subtract(y2, a);
        }
      }
      v128.store(out + j * tap, y0);
      v128.store(out + (3 + j) * tap, y1);
      v128.store(out + (6 + j) * tap, y2);
    }
    m += 16;
    out += 16;
  }
}
