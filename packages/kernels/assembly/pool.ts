// Pooling over [n, h, w, c]. Vectors run along the channels; what a vector reads past the last channel belongs to the
// neighbouring pixel and is never stored.
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { PoolField } from './pool-fields';

const NOWHERE: i32 = -1;

/**
 * Largest values of 8 channels over a window of rows x columns pixels; NaN where one is NaN, -inf where it is empty.
 * A pseudo-maximum, which passes over NaN, and a test for NaN are faster than the maximum that WebAssembly defines.
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

/** As `largest8`, of four channels. */
function largest4(from: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize): v128 {
  let max = f32x4.splat(-Infinity);
  for (let i = 0; i < rows; i++, from += rowBytes) {
    let pixel = from;
    for (let j = 0; j < columns; j++, pixel += pixelBytes) max = f32x4.max(max, v128.load(pixel));
  }
  return max;
}

/** Means of 8 channels over a window. Each row is summed from zero: a window may be a whole map. */
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

/** As `mean8`, of four channels. */
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
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>inWidth * pixelBytes;
  const imageBytes = <usize>inHeight * rowBytes;

  const firstRow = task * word(d, PoolField.rowsPerTask);
  const endRow = min(firstRow + word(d, PoolField.rowsPerTask), word(d, PoolField.rows));
  let to = address(d, PoolField.output) + <usize>(firstRow * outWidth) * pixelBytes;
  for (let row = firstRow; row < endRow; row++) {
    const image = address(d, PoolField.input) + <usize>(row / outHeight) * imageBytes;
    const y = (row % outHeight) * strideHeight - padTop;
    const top = max(0, y);
    const rows = max(0, min(inHeight, y + kernelHeight) - top);
    for (let j = 0; j < outWidth; j++, to += pixelBytes) {
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

/** Largest value of each window; the padding is never one. */
export function maxPool(d: usize, task: i32): void {
  forward(d, task, false);
}

/** Mean of each window; the padding counts as zeros or not at all. */
export function averagePool(d: usize, task: i32): void {
  forward(d, task, true);
}

/**
 * Where each of four channels has its largest value in a window: the distance in bytes from `image`, of the first one
 * where several are equal.
 */
function positionsOfLargest(
  image: usize,
  window: usize,
  rows: i32,
  columns: i32,
  rowBytes: usize,
  pixelBytes: usize,
  nanIsMaximum: bool,
): v128 {
  let largest = f32x4.splat(-Infinity);
  let positions = i32x4.splat(nanIsMaximum && rows > 0 && columns > 0 ? <i32>(window - image) : NOWHERE);
  const step = i32x4.splat(<i32>pixelBytes);
  for (let i = 0; i < rows; i++, window += rowBytes) {
    let pixel = window;
    let position = i32x4.splat(<i32>(window - image));
    for (let j = 0; j < columns; j++, pixel += pixelBytes) {
      const value = v128.load(pixel);
      if (nanIsMaximum) {
        const larger = v128.or(f32x4.gt(value, largest), f32x4.ne(value, value));
        largest = v128.bitselect(value, largest, larger);
        positions = v128.bitselect(position, positions, larger);
      } else {
        positions = v128.bitselect(position, positions, f32x4.gt(value, largest));
        largest = f32x4.pmax(largest, value);
      }
      position = i32x4.add(position, step);
    }
  }
  return positions;
}

function addAt(gradient: usize, position: i32, value: f32): void {
  if (position === NOWHERE) return;
  const p = gradient + <usize>position;
  store<f32>(p, load<f32>(p) + value);
}

/** Sends four values to where `positions` points; lanes from `count` on are of no channel. */
function scatter(gradient: usize, positions: v128, values: v128, count: i32): void {
  addAt(gradient, i32x4.extract_lane(positions, 0), f32x4.extract_lane(values, 0));
  if (count > 1) addAt(gradient + 4, i32x4.extract_lane(positions, 1), f32x4.extract_lane(values, 1));
  if (count > 2) addAt(gradient + 8, i32x4.extract_lane(positions, 2), f32x4.extract_lane(values, 2));
  if (count > 3) addAt(gradient + 12, i32x4.extract_lane(positions, 3), f32x4.extract_lane(values, 3));
}

function spread(to: usize, rows: i32, columns: i32, rowBytes: usize, pixelBytes: usize, value: v128, count: i32): void {
  for (let i = 0; i < rows; i++, to += rowBytes) {
    let pixel = to;
    if (count >= 4)
      for (let j = 0; j < columns; j++, pixel += pixelBytes) v128.store(pixel, f32x4.add(v128.load(pixel), value));
    else
      for (let j = 0; j < columns; j++, pixel += pixelBytes)
        storeLanes(pixel, f32x4.add(v128.load(pixel), value), count);
  }
}

/** Sets some channels of each pixel to zero. */
function clear(to: usize, pixels: i32, pixelBytes: usize, channels: i32): void {
  const bytes = (<usize>channels) << 2;
  if (bytes === pixelBytes) {
    memory.fill(to, 0, <usize>pixels * pixelBytes);
    return;
  }
  const zero = f32x4.splat(0);
  for (let i = 0; i < pixels; i++, to += pixelBytes)
    for (let c = 0; c < channels; c += 4) storeLanes(to + ((<usize>c) << 2), zero, channels - c);
}

function backward(d: usize, task: i32, average: bool): void {
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
  const channelsPerTask = word(d, PoolField.channelsPerTask);
  const wholeKernel = word(d, PoolField.wholeKernel) !== 0;
  const nanIsMaximum = word(d, PoolField.nanIsMaximum) !== 0;
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>inWidth * pixelBytes;
  const imageBytes = <usize>inHeight * rowBytes;

  // Windows overlap, so an image's rows cannot be divided among tasks; its channels can.
  const blocks = (channels + channelsPerTask - 1) / channelsPerTask;
  const image = task / blocks;
  const firstChannel = (task % blocks) * channelsPerTask;
  const count = min(channelsPerTask, channels - firstChannel);
  const offset = <usize>image * imageBytes + ((<usize>firstChannel) << 2);
  const input = address(d, PoolField.input) + offset;
  const gradient = address(d, PoolField.inputGradient) + offset;
  let from =
    address(d, PoolField.output) + <usize>(image * outHeight * outWidth) * pixelBytes + ((<usize>firstChannel) << 2);

  clear(gradient, inHeight * inWidth, pixelBytes, count);
  for (let i = 0; i < outHeight; i++) {
    const y = i * strideHeight - padTop;
    const top = max(0, y);
    const rows = max(0, min(inHeight, y + kernelHeight) - top);
    for (let j = 0; j < outWidth; j++, from += pixelBytes) {
      const x = j * strideWidth - padLeft;
      const left = max(0, x);
      const columns = max(0, min(inWidth, x + kernelWidth) - left);
      const start = <usize>top * rowBytes + <usize>left * pixelBytes;
      const divisor = f32x4.splat(<f32>(wholeKernel ? kernelHeight * kernelWidth : rows * columns));
      for (let c = 0; c < count; c += 4) {
        const at = (<usize>c) << 2;
        const value = v128.load(from + at);
        if (average) {
          const share = f32x4.div(value, divisor);
          spread(gradient + start + at, rows, columns, rowBytes, pixelBytes, share, count - c);
        } else {
          const origin = input + at;
          const positions = positionsOfLargest(
            origin,
            origin + start,
            rows,
            columns,
            rowBytes,
            pixelBytes,
            nanIsMaximum,
          );
          scatter(gradient + at, positions, value, count - c);
        }
      }
    }
  }
}

/** Gradient of maxPool: a window's goes to its first largest value. */
export function maxPoolGradient(d: usize, task: i32): void {
  backward(d, task, false);
}

/** Gradient of averagePool: a window's goes to its pixels in equal shares. */
export function averagePoolGradient(d: usize, task: i32): void {
  backward(d, task, true);
}
