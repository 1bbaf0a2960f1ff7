// Pooling over [n, h, w, c]. Vectors run along the channels; values that a vector reads past the last channel belong to
// the next pixel and are never stored.
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { PoolField } from './pool-fields';

/**
 * Computes the largest values of 8 channels over a window of rows x columns pixels: NaN if one is NaN, -Infinity if the
 * window is empty. A pseudo-maximum, which ignores NaN, and a test for NaN are faster than WebAssembly's own maximum.
 */
function largest8(from: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize, to: usize): void {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let nan0 = f32x4.splat(0);
  let nan1 = nan0;
  for (let i = 0; i < rows; i++, from += rowBytes) {
    let pixel = from;
    for (let j = 0; j < columns; j++, pixel += pixelBytes) {
      const x0 = v128.load(pixel);
      const x1 = v128.load(pixel, 16);
      m0 = f32x4.pmax(m0, x0);
      m1 = f32x4.pmax(m1, x1);
      nan0 = v128.or(nan0, f32x4.ne(x0, x0));
      nan1 = v128.or(nan1, f32x4.ne(x1, x1));
    }
  }
  v128.store(to, v128.or(m0, nan0));
  v128.store(to, v128.or(m1, nan1), 16);
}

/** Computes the largest values of four channels, as `largest8`. */
function largest4(from: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize): v128 {
  let max = f32x4.splat(-Infinity);
  for (let i = 0; i < rows; i++, from += rowBytes) {
    let pixel = from;
    for (let j = 0; j < columns; j++, pixel += pixelBytes) max = f32x4.max(max, v128.load(pixel));
  }
  return max;
}

/**
 * Computes the means of 8 channels over a window. Each row is summed from zero, because a window may be a whole map.
 */
function mean8(
  from: usize,
  rows: i32,
  columns: i32,
  rowBytes: usize,
  pixelBytes: usize,
  divisor: v128,
  to: usize,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  for (let i = 0; i < rows; i++, from += rowBytes) {
    let pixel = from;
    let row0 = f32x4.splat(0);
    let row1 = row0;
    for (let j = 0; j < columns; j++, pixel += pixelBytes) {
      row0 = f32x4.add(row0, v128.load(pixel));
      row1 = f32x4.add(row1, v128.load(pixel, 16));
    }
    s0 = f32x4.add(s0, row0);
    s1 = f32x4.add(s1, row1);
  }
  v128.store(to, f32x4.div(s0, divisor));
  v128.store(to, f32x4.div(s1, divisor), 16);
}

/** Computes the means of four channels, as `mean8`. */
function mean4(from: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize, divisor: v128): v128 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < rows; i++, from += rowBytes) {
    let pixel = from;
    let row = f32x4.splat(0);
    for (let j = 0; j < columns; j++, pixel += pixelBytes) row = f32x4.add(row, v128.load(pixel));
    sum = f32x4.add(sum, row);
  }
  return f32x4.div(sum, divisor);
}

function forward(d: usize, task: i32, average: bool): void {
  const inHeight = word(d, PoolField.inHeight);
  const inWidth = word(d, PoolField.inWidth);
  const channels = word(d, PoolField.channels);
  const outHeight = word(d, PoolField.outHeight);
  const outWidth = word(d, PoolField.outWidth);
  const kernelHeight = word(d, PoolField.kernelHeight);
  const kernelWidth = word(d, PoolField.kernelWidth);
  const strideHeight = word(d, PoolField.strideHeight);
  const strideWidth = word(d, PoolField.strideWidth);
  const padTop = word(d, PoolField.padTop);
  const padLeft = word(d, PoolField.padLeft);
  const wholeKernel = word(d, PoolField.wholeKernel) !== 0;
  const pixelBytes = address(d, PoolField.inPixel);
  const rowBytes = address(d, PoolField.inRow);
  const outPixel = address(d, PoolField.outPixel);

  const firstRow = task * word(d, PoolField.rowsPerTask);
  const endRow = min(firstRow + word(d, PoolField.rowsPerTask), word(d, PoolField.rows));
  for (let row = firstRow; row < endRow; row++) {
    const image = address(d, PoolField.input) + <usize>(row / outHeight) * address(d, PoolField.inImage);
    let to =
      address(d, PoolField.output) +
      <usize>(row / outHeight) * address(d, PoolField.outImage) +
      <usize>(row % outHeight) * address(d, PoolField.outRow);
    const y = (row % outHeight) * strideHeight - padTop;
    const top = max(0, y);
    const rows = max(0, min(inHeight, y + kernelHeight) - top);
    for (let j = 0; j < outWidth; j++, to += outPixel) {
      const x = j * strideWidth - padLeft;
      const left = max(0, x);
      const columns = max(0, min(inWidth, x + kernelWidth) - left);
      const window = image + <usize>top * rowBytes + <usize>left * pixelBytes;
      const divisor = f32x4.splat(<f32>(wholeKernel ? kernelHeight * kernelWidth : rows * columns));
      let c = 0;
      for (; c + 8 <= channels; c += 8) {
        const offset = (<usize>c) << 2;
        if (average) mean8(window + offset, rows, columns, rowBytes, pixelBytes, divisor, to + offset);
        else largest8(window + offset, rows, columns, rowBytes, pixelBytes, to + offset);
      }
      for (; c < channels; c += 4) {
        const offset = (<usize>c) << 2;
        const value = average
          ? mean4(window + offset, rows, columns, rowBytes, pixelBytes, divisor)
          : largest4(window + offset, rows, columns, rowBytes, pixelBytes);
        storeLanes(to + offset, value, channels - c);
      }
    }
  }
}

/** Computes the largest value of each window. The padding never counts. */
export function maxPool(d: usize, task: i32): void {
  forward(d, task, false);
}

/** Computes the mean of each window. The padding counts as zeros or not at all. */
export function averagePool(d: usize, task: i32): void {
  forward(d, task, true);
}
