// Gradients of pooling over [n, h, w, c]. Vectors run along the channels; values that a vector reads past the last
// channel belong to the next pixel and are never stored.
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { PoolField } from './pool-fields';

const NOWHERE: i32 = -1;

/**
 * Returns the position of the largest value in a window for each of four channels, in bytes from `image`; the first
 * position if several values are equal. As in PyTorch, a NaN is larger than every number, the last NaN counts, and the
 * first pixel of a window is its largest if none is above -Infinity.
 */
function positionsOfLargest(
  image: usize,
  window: usize,
  rows: i32,
  columns: i32,
  rowBytes: usize,
  pixelBytes: usize,
): v128 {
  let largest = f32x4.splat(-Infinity);
  let positions = i32x4.splat(rows > 0 && columns > 0 ? <i32>(window - image) : NOWHERE);
  const step = i32x4.splat(<i32>pixelBytes);
  for (let i = 0; i < rows; i++, window += rowBytes) {
    let pixel = window;
    let position = i32x4.splat(<i32>(window - image));
    for (let j = 0; j < columns; j++, pixel += pixelBytes) {
      const value = v128.load(pixel);
      const larger = v128.or(f32x4.gt(value, largest), f32x4.ne(value, value));
      largest = v128.bitselect(value, largest, larger);
      positions = v128.bitselect(position, positions, larger);
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

/** Adds four values to the pixels that `positions` points to. Lanes from `count` on belong to no channel. */
function scatter(gradient: usize, positions: v128, values: v128, count: i32): void {
  addAt(gradient, i32x4.extract_lane(positions, 0), f32x4.extract_lane(values, 0));
  if (count > 1) addAt(gradient + 4, i32x4.extract_lane(positions, 1), f32x4.extract_lane(values, 1));
  if (count > 2) addAt(gradient + 8, i32x4.extract_lane(positions, 2), f32x4.extract_lane(values, 2));
  if (count > 3) addAt(gradient + 12, i32x4.extract_lane(positions, 3), f32x4.extract_lane(values, 3));
}

/** Adds a value to every pixel of a window. Lanes from `count` on belong to no channel. */
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
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = <usize>inWidth * pixelBytes;
  const imageBytes = <usize>inHeight * rowBytes;

  // Windows overlap, so an image is divided among tasks by channels, not by rows.
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
          const positions = positionsOfLargest(origin, origin + start, rows, columns, rowBytes, pixelBytes);
          scatter(gradient + at, positions, value, count - c);
        }
      }
    }
  }
}

/** Computes the gradient of maxPool: a window's gradient goes to its first largest value. */
export function maxPoolGradient(d: usize, task: i32): void {
  backward(d, task, false);
}

/** Computes the gradient of averagePool: a window's gradient is spread evenly over its pixels. */
export function averagePoolGradient(d: usize, task: i32): void {
  backward(d, task, true);
}
