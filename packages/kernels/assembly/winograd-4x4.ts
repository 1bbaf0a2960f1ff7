import { address, word } from './descriptor';
import { PANEL, PANEL_ROW } from './panels';
import { convolveTile, FIRST } from './tile';
import { A, A2, B, B2, inputTile, NA, NB, plus, ROW, SIDE, times } from './winograd-6x6';
import { Winograd4x4Field as Field, WinogradFilterField } from './winograd-fields';
import { FILTER_ROWS, gatherTaps } from './winograd-filter';
import { finish } from './winograd-tile';

/*
 * Winograd's minimal filtering F(4x4, 3x3), with 36 products instead of 144, at the points of winograd-6x6.ts. A task
 * transforms some tiles of a map, and for one panel of 16 output channels after another multiplies them in all planes
 * and transforms the products back: all that lies between stays in the thread's scratch memory.
 */

const PLANES: i32 = 36;
/** Rows and columns of a tile's outputs. */
const OUTPUTS: i32 = 4;

/** Terms of one chain of additions. A panel's part of this length stays in the first-level cache. */
const BLOCK: i32 = 384;

/**
 * Offsets in scratch memory. The products of tiles with a panel, plane after plane, come last, and after them the
 * transformed tiles: src/ops/winograd-4x4.ts gives a task no more tiles than have room.
 */
const ZERO: usize = 0;
const TILE: usize = 64;
const OUTPUT: usize = TILE + SIDE * ROW;
const PRODUCTS: usize = 1024;
/** Bytes between planes, whose stores would otherwise meet in one cache set. */
const GAP: usize = 64;

/** Filter: a polynomial of three coefficients, evaluated at each point. */
function filterMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from);
  const g1 = v128.load(from + fromStep);
  const g2 = v128.load(from + 2 * fromStep);
  v128.store(to, g0);
  const evenA = times(plus(g0, A2, g2), 1 / NA);
  const oddA = times(g1, A / NA);
  v128.store(to + toStep, f32x4.add(evenA, oddA));
  v128.store(to + 2 * toStep, f32x4.sub(evenA, oddA));
  const evenB = times(plus(g0, B2, g2), 1 / NB);
  const oddB = times(g1, B / NB);
  v128.store(to + 3 * toStep, f32x4.add(evenB, oddB));
  v128.store(to + 4 * toStep, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * toStep, g2);
}

/** Output: the powers 0 to 3 of the points. */
function outputMatrix(from: usize, fromStep: usize, to: usize, toStep: usize): void {
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
  const y3 = plus(times(oddA, A2), B2, oddB);
  v128.store(to + 3 * toStep, f32x4.add(y3, v128.load(from + 5 * fromStep)));
}

/** Bytes of a gathered row of a filter's panel: its nine taps. */
const FILTER_ROW: usize = 9 * PANEL_ROW;
const FILTER_TILE: usize = <usize>FILTER_ROWS * FILTER_ROW;

/** Transforms a filter into 36 planes of packed panels. A task is one panel. */
export function transformFilter4x4(d: usize, task: i32, scratch: usize): void {
  const rows = word(d, WinogradFilterField.rows);
  const plane = address(d, WinogradFilterField.outputPlane);
  const tile = scratch + FILTER_TILE;
  let out = address(d, WinogradFilterField.output) + <usize>(task * rows) * PANEL_ROW;
  for (let k = 0; k < rows; k += FILTER_ROWS) {
    const count = min(FILTER_ROWS, rows - k);
    gatherTaps(d, task, k, count, 9, scratch);
    for (let row = 0; row < count; row++, out += PANEL_ROW)
      for (let column: usize = 0; column < PANEL_ROW; column += 16) {
        const g = scratch + <usize>row * FILTER_ROW + column;
        for (let j: usize = 0; j < 3; j++) filterMatrix(g + j * PANEL_ROW, 3 * PANEL_ROW, tile + (j << 4), ROW);
        for (let i: usize = 0; i < SIDE; i++) filterMatrix(tile + i * ROW, 16, out + column + i * SIDE * plane, plane);
      }
  }
}

/** Transforms the products of tiles with a panel into the output, with bias and activation. */
function transformOutput(d: usize, panel: i32, from: i32, count: i32, plane: usize, scratch: usize): void {
  const rows = word(d, Field.tileRows);
  const columns = word(d, Field.tileColumns);
  const row = address(d, Field.outRow);
  const pixel = address(d, Field.outPixel);
  const biases = address(d, Field.bias);
  const activation = word(d, Field.activation);
  const accumulate = word(d, Field.accumulate) !== 0;
  const skipped = <usize>panel * PANEL_ROW;
  const present = min(PANEL_ROW, (address(d, Field.channels) << 2) - skipped);
  const tile = scratch + TILE;
  const output = scratch + OUTPUT;
  let products = scratch + PRODUCTS;
  for (let t = from; t < from + count; t++, products += PANEL_ROW) {
    const i = ((t / columns) % rows) * OUTPUTS;
    const j = (t % columns) * OUTPUTS;
    const height = <usize>min(OUTPUTS, word(d, Field.outHeight) - i);
    const width = <usize>min(OUTPUTS, word(d, Field.outWidth) - j);
    const out =
      address(d, Field.output) +
      <usize>(t / (rows * columns)) * address(d, Field.outImage) +
      <usize>i * row +
      <usize>j * pixel +
      skipped;
    for (let c: usize = 0; c < present; c += 16) {
      for (let q: usize = 0; q < SIDE; q++) outputMatrix(products + c + q * plane, SIDE * plane, tile + (q << 4), ROW);
      const bias = biases ? v128.load(biases + skipped + c) : f32x4.splat(0);
      for (let a: usize = 0; a < height; a++) {
        outputMatrix(tile + a * ROW, 16, output, 16);
        for (let b: usize = 0; b < width; b++)
          finish(out + c + a * row + b * pixel, output + (b << 4), bias, activation, accumulate);
      }
    }
  }
}

/** Computes a convolution of a map that is padded to whole tiles. */
export function winograd4x4(d: usize, task: i32, scratch: usize): void {
  const panels = (word(d, Field.channels) + PANEL - 1) / PANEL;
  const panelsPerTask = word(d, Field.panelsPerTask);
  const panelBlocks = (panels + panelsPerTask - 1) / panelsPerTask;
  const fromPanel = (task % panelBlocks) * panelsPerTask;
  const toPanel = min(fromPanel + panelsPerTask, panels);

  const perTask = word(d, Field.tilesPerTask);
  const from = (task / panelBlocks) * perTask;
  const count = min(perTask, word(d, Field.tiles) - from);

  const terms = word(d, Field.inputChannels);
  const bytes = (<usize>terms) << 2;
  const plane = <usize>count * bytes + GAP;
  // A last single tile is multiplied twice: its second products need a place, too.
  const productPlane = <usize>(count + 1) * PANEL_ROW + GAP;
  const products = scratch + PRODUCTS;
  const values = products + <usize>PLANES * productPlane;

  const rows = word(d, Field.tileRows);
  const columns = word(d, Field.tileColumns);
  const row = address(d, Field.mapRow);
  const pixel = address(d, Field.mapPixel);
  for (let t = from; t < from + count; t++) {
    const x =
      address(d, Field.map) +
      <usize>(t / (rows * columns)) * address(d, Field.mapImage) +
      <usize>(((t / columns) % rows) * OUTPUTS) * row +
      <usize>((t % columns) * OUTPUTS) * pixel;
    inputTile(x, row, pixel, bytes, values + <usize>(t - from) * bytes, plane, scratch + TILE);
  }

  const weightsPlane = address(d, Field.weightsPlane);
  const blocks = (terms + BLOCK - 1) / BLOCK;
  const blockTerms = (terms + blocks - 1) / blocks;
  store<i32>(scratch + ZERO, 0);
  for (let p = fromPanel; p < toPanel; p++) {
    let panel = address(d, Field.weights) + <usize>p * <usize>terms * PANEL_ROW;
    for (let q = 0; q < PLANES; q++, panel += weightsPlane)
      for (let k = 0; k < terms; k += blockTerms) {
        let x = values + <usize>q * plane + ((<usize>k) << 2);
        let sums = products + <usize>q * productPlane;
        for (let t = 0; t < count; t += 2, x += 2 * bytes, sums += 2 * PANEL_ROW)
          convolveTile(
            scratch + ZERO,
            1,
            min(blockTerms, terms - k),
            x,
            t + 1 === count ? x : x + bytes,
            panel + <usize>k * PANEL_ROW,
            sums,
            sums + PANEL_ROW,
            k === 0 ? FIRST : 0,
            0,
            0,
          );
      }
    transformOutput(d, p, from, count, productPlane, scratch);
  }
}
