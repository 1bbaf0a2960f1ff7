// Pooling over quantized maps. Vectors run along the channels; values that a vector reads past the last channel belong
// to the next pixel and are never stored.
import { address, float, word } from './descriptor';
import { Int8PoolField as Field } from './int8-fields';
import { clampLanes, roundToInt16, storeInt16 } from './int8-rounding';

/** Least int16 value, the maximum of an empty window. */
const LEAST: i16 = -32768;

function largest8(from: usize, rows: i32, columns: i32, row: usize, pixel: usize): v128 {
  let max = i16x8.splat(LEAST);
  for (let i = 0; i < rows; i++, from += row)
    for (let j = 0, at = from; j < columns; j++, at += pixel) max = i16x8.max_s(max, v128.load(at));
  return max;
}

/** Computes the rounded means of 8 channels over a window, each sum times `multiplier`. */
function mean8(
  from: usize,
  rows: i32,
  columns: i32,
  row: usize,
  pixel: usize,
  multiplier: f32,
  low: v128,
  high: v128,
): v128 {
  let a = i32x4.splat(0);
  let b = a;
  for (let i = 0; i < rows; i++, from += row)
    for (let j = 0, at = from; j < columns; j++, at += pixel) {
      const x = v128.load(at);
      a = i32x4.add(a, i32x4.extend_low_i16x8_s(x));
      b = i32x4.add(b, i32x4.extend_high_i16x8_s(x));
    }
  const factor = f32x4.splat(multiplier);
  return roundToInt16(
    clampLanes(f32x4.mul(f32x4.convert_i32x4_s(a), factor), low, high),
    clampLanes(f32x4.mul(f32x4.convert_i32x4_s(b), factor), low, high),
  );
}

function pool(d: usize, task: i32, average: bool): void {
  const inHeight = word(d, Field.inHeight);
  const inWidth = word(d, Field.inWidth);
  const channels = word(d, Field.channels);
  const outHeight = word(d, Field.outHeight);
  const outWidth = word(d, Field.outWidth);
  const kernelHeight = word(d, Field.kernelHeight);
  const kernelWidth = word(d, Field.kernelWidth);
  const inputRow = address(d, Field.inputRow);
  const inputPixel = address(d, Field.inputPixel);
  const wholeKernel = word(d, Field.wholeKernel) !== 0;
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));

  const firstRow = task * word(d, Field.rowsPerTask);
  const endRow = min(firstRow + word(d, Field.rowsPerTask), word(d, Field.rows));
  for (let row = firstRow; row < endRow; row++) {
    const image = row / outHeight;
    const input = address(d, Field.input) + <usize>image * address(d, Field.inputImage);
    let to =
      address(d, Field.output) +
      <usize>image * address(d, Field.outputImage) +
      <usize>(row % outHeight) * address(d, Field.outputRow);
    const y = (row % outHeight) * word(d, Field.strideHeight) - word(d, Field.padTop);
    const top = max(0, y);
    const rows = max(0, min(inHeight, y + kernelHeight) - top);
    for (let j = 0; j < outWidth; j++, to += address(d, Field.outputPixel)) {
      const x = j * word(d, Field.strideWidth) - word(d, Field.padLeft);
      const left = max(0, x);
      const columns = max(0, min(inWidth, x + kernelWidth) - left);
      const window = input + <usize>top * inputRow + <usize>left * inputPixel;
      const count = wholeKernel ? kernelHeight * kernelWidth : rows * columns;
      const multiplier = float(d, Field.inputScale) / (float(d, Field.outputScale) * <f32>count);
      for (let c = 0; c < channels; c += 8) {
        const offset = (<usize>c) << 1;
        const value = average
          ? mean8(window + offset, rows, columns, inputRow, inputPixel, multiplier, low, high)
          : largest8(window + offset, rows, columns, inputRow, inputPixel);
        storeInt16(to + offset, value, channels - c);
      }
    }
  }
}

/** Computes the largest value of each window. The padding never counts. */
export function int8MaxPool(d: usize, task: i32): void {
  pool(d, task, false);
}

/** Computes the mean of each window at the scale of the output. */
export function int8AveragePool(d: usize, task: i32): void {
  pool(d, task, true);
}
