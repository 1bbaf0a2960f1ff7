import { word } from './descriptor';
import { finish, outputOf, own, ownAddress, residualOf } from './int8-epilogue';
import { EpilogueField, Int8WinogradField as Field } from './int8-fields';
import { multiplyTile, PAIR_ROW } from './int8-tile';
import { PANEL } from './panels';

/*
 * Winograd's F(2x2, 3x3) in integers (winograd-3x3.ts gives the matrices). The filter is transformed by 2G instead of
 * G, so that its values are integers, and the outputs come out four times too large: an exact shift. A task transforms
 * some tiles of the input, and for one panel after another multiplies them in all 16 planes and transforms the products
 * back: what lies between stays in the thread's scratch memory.
 */

/** Most tiles of a task. */
const MOST_TILES: usize = 64;

/** Offsets in scratch memory. A plane of transformed tiles begins 64 bytes after the end of the one before. */
const OUTPUTS: usize = 0;
const RESIDUALS: usize = OUTPUTS + MOST_TILES * 16;
const ZERO: usize = RESIDUALS + MOST_TILES * 16;
const ROWS: usize = ZERO + 64;
const SUMS: usize = ROWS + MOST_TILES * 4 * PAIR_ROW;
const PRODUCTS_GAP: usize = 64;
const TILES: usize = SUMS + 16 * ((MOST_TILES + 1) * PAIR_ROW + PRODUCTS_GAP);

/** Bytes of a transformed tile in one plane: its channels, filled up to whole vectors. */
function tileBytes(d: usize): usize {
  return <usize>(((own(d, Field.inputChannels) + 7) & ~7) << 1);
}

/** Computes B^T x B of a tile, 8 channels at a time, into 16 planes. */
function transformTile(x: usize, row: usize, pixel: usize, bytes: usize, out: usize, plane: usize): void {
  for (const end = x + bytes; x < end; x += 16, out += 16) {
    for (let i = 0; i < 4; i++) {
      // A row of B^T x: a combination of two rows of x.
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
        a0 = i16x8.add(a0, b0);
        a1 = i16x8.add(a1, b1);
        a2 = i16x8.add(a2, b2);
        a3 = i16x8.add(a3, b3);
      } else {
        a0 = i16x8.sub(a0, b0);
        a1 = i16x8.sub(a1, b1);
        a2 = i16x8.sub(a2, b2);
        a3 = i16x8.sub(a3, b3);
      }
      const at = out + <usize>(i << 2) * plane;
      v128.store(at, i16x8.sub(a0, a2));
      v128.store(at + plane, i16x8.add(a1, a2));
      v128.store(at + 2 * plane, i16x8.sub(a2, a1));
      v128.store(at + 3 * plane, i16x8.sub(a1, a3));
    }
  }
}

/** Transforms tiles of the input, and lists the pixels of their outputs. Returns the number of these. */
function transformInput(d: usize, from: i32, count: i32, plane: usize, scratch: usize): i32 {
  const rows = own(d, Field.tileRows);
  const columns = own(d, Field.tileColumns);
  const row = ownAddress(d, Field.inputRow);
  const pixel = ownAddress(d, Field.inputPixel);
  const bytes = tileBytes(d);
  let outputs: i32 = 0;
  for (let t = 0; t < count; t++) {
    const image = (from + t) / (rows * columns);
    const i = ((from + t) / columns) % rows;
    const j = (from + t) % columns;
    const x =
      ownAddress(d, Field.input) +
      <usize>image * ownAddress(d, Field.inputImage) +
      <usize>(2 * i) * row +
      <usize>(2 * j) * pixel;
    transformTile(x, row, pixel, bytes, scratch + TILES + <usize>t * bytes, plane);
    for (let y = 2 * i; y < min(2 * i + 2, own(d, Field.outHeight)); y++)
      for (let z = 2 * j; z < min(2 * j + 2, own(d, Field.outWidth)); z++) {
        const at = scratch + ((<usize>outputs) << 2);
        store<i32>(at + OUTPUTS, outputOf(d, image, y, z));
        store<i32>(at + RESIDUALS, residualOf(d, image, y, z));
        outputs++;
      }
  }
  return outputs;
}

/** Computes A^T m A / 4 of the products: rows of 16 sums, one for each output pixel. */
function transformOutput(d: usize, from: i32, count: i32, plane: usize, scratch: usize): void {
  const rows = own(d, Field.tileRows);
  const columns = own(d, Field.tileColumns);
  let out = scratch + ROWS;
  for (let t = 0; t < count; t++) {
    const below = 2 * (((from + t) / columns) % rows) + 1 < own(d, Field.outHeight);
    const right = 2 * ((from + t) % columns) + 1 < own(d, Field.outWidth);
    // Distances to the outputs beside and below, which lie on a spare place if they do not exist.
    const next: usize = right ? PAIR_ROW : 0;
    const lower: usize = PAIR_ROW + next;
    for (let column: usize = 0; column < PAIR_ROW; column += 16) {
      let y00 = i32x4.splat(0);
      let y01 = y00;
      let y10 = y00;
      let y11 = y00;
      let m = scratch + SUMS + <usize>t * PAIR_ROW + column;
      for (let q = 0; q < 4; q++, m += 4 * plane) {
        const m1 = v128.load(m + plane);
        const m2 = v128.load(m + 2 * plane);
        const a = i32x4.add(i32x4.add(v128.load(m), m1), m2);
        const b = i32x4.sub(i32x4.sub(m1, m2), v128.load(m + 3 * plane));
        if (q < 3) {
          y00 = i32x4.add(y00, a);
          y01 = i32x4.add(y01, b);
        }
        if (q === 1) {
          y10 = i32x4.add(y10, a);
          y11 = i32x4.add(y11, b);
        } else if (q > 1) {
          y10 = i32x4.sub(y10, a);
          y11 = i32x4.sub(y11, b);
        }
      }
      v128.store(out + column, i32x4.shr_s(y00, 2));
      if (right) v128.store(out + next + column, i32x4.shr_s(y01, 2));
      if (below) {
        v128.store(out + lower + column, i32x4.shr_s(y10, 2));
        if (right) v128.store(out + lower + next + column, i32x4.shr_s(y11, 2));
      }
    }
    out += (right ? 2 : 1) * (below ? 2 : 1) * PAIR_ROW;
  }
}

/** Computes a 3 x 3 convolution of a quantized map by Winograd's filtering, then the epilogue. */
export function int8Winograd(d: usize, task: i32, scratch: usize): void {
  const panels = (word(d, EpilogueField.channels) + PANEL - 1) / PANEL;
  const panelsPerTask = own(d, Field.panelsPerTask);
  const panelBlocks = (panels + panelsPerTask - 1) / panelsPerTask;
  const fromPanel = (task % panelBlocks) * panelsPerTask;
  const toPanel = min(fromPanel + panelsPerTask, panels);

  const perTask = own(d, Field.tilesPerTask);
  const from = (task / panelBlocks) * perTask;
  const count = min(perTask, own(d, Field.tiles) - from);

  const bytes = tileBytes(d);
  const plane = <usize>count * bytes + 64;
  const outputs = transformInput(d, from, count, plane, scratch);

  const pairs = (own(d, Field.inputChannels) + 1) >> 1;
  const panelBytes = <usize>pairs * PAIR_ROW;
  const products = <usize>(count + 1) * PAIR_ROW + PRODUCTS_GAP;
  const tiles = scratch + TILES;
  store<i32>(scratch + ZERO, 0);
  for (let p = fromPanel; p < toPanel; p++) {
    let weights = ownAddress(d, Field.weights) + <usize>p * 16 * panelBytes;
    for (let q: usize = 0; q < 16; q++, weights += panelBytes)
      for (let t = 0; t < count; t += 2) {
        const x = tiles + q * plane + <usize>t * bytes;
        multiplyTile(
          scratch + ZERO,
          1,
          pairs,
          x,
          t + 1 === count ? x : x + bytes,
          weights,
          scratch + SUMS + q * products + <usize>t * PAIR_ROW,
          true,
        );
      }
    transformOutput(d, from, count, products, scratch);
    finish(d, p * PANEL, 0, outputs, scratch + ROWS, scratch + OUTPUTS, scratch + RESIDUALS);
  }
}
