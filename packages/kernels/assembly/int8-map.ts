// Functions of each value of strided maps.
import { address, float, word } from './descriptor';
import { weightedSum } from './int8-epilogue';
import { Int8MapField as Field, Int8MapKind as Kind } from './int8-fields';
import { clampLanes, highFloats, lowFloats, roundToInt16, storeInt16 } from './int8-rounding';
import { storeLanes } from './lanes';

function addPixel(d: usize, a: usize, b: usize, to: usize, channels: i32): void {
  const ratio = f32x4.splat(float(d, Field.ratio));
  const secondRatio = f32x4.splat(float(d, Field.secondRatio));
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  for (let c = 0; c < channels; c += 8, a += 16, b += 16, to += 16) {
    const x = v128.load(a);
    const y = v128.load(b);
    const sum = roundToInt16(
      weightedSum(lowFloats(x), ratio, lowFloats(y), secondRatio, low, high),
      weightedSum(highFloats(x), ratio, highFloats(y), secondRatio, low, high),
    );
    storeInt16(to, sum, channels - c);
  }
}

function copyPixel(from: usize, to: usize, channels: i32): void {
  for (let c = 0; c < channels; c += 8, from += 16, to += 16) storeInt16(to, v128.load(from), channels - c);
}

function quantizePixel(d: usize, from: usize, to: usize, channels: i32): void {
  const scale = f32x4.splat(float(d, Field.ratio));
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  for (let c = 0; c < channels; c += 8, from += 32, to += 16) {
    const a = clampLanes(f32x4.div(v128.load(from), scale), low, high);
    const b = clampLanes(f32x4.div(v128.load(from, 16), scale), low, high);
    storeInt16(to, roundToInt16(a, b), channels - c);
  }
}

function dequantizePixel(d: usize, from: usize, to: usize, channels: i32): void {
  const scale = f32x4.splat(float(d, Field.ratio));
  for (let c = 0; c < channels; c += 8, from += 16, to += 32) {
    const x = v128.load(from);
    storeLanes(to, f32x4.mul(lowFloats(x), scale), channels - c);
    if (c + 4 < channels) storeLanes(to + 16, f32x4.mul(highFloats(x), scale), channels - c - 4);
  }
}

/** Computes the function of all values of some rows. */
export function int8Map(d: usize, task: i32): void {
  const kind = word(d, Field.kind);
  const height = word(d, Field.height);
  const width = word(d, Field.width);
  const channels = word(d, Field.channels);
  const firstRow = task * word(d, Field.rowsPerTask);
  const endRow = min(firstRow + word(d, Field.rowsPerTask), word(d, Field.images) * height);
  for (let row = firstRow; row < endRow; row++) {
    const image = <usize>(row / height);
    const i = <usize>(row % height);
    let a = address(d, Field.first) + image * address(d, Field.firstImage) + i * address(d, Field.firstRow);
    let b = address(d, Field.second) + image * address(d, Field.secondImage) + i * address(d, Field.secondRow);
    let to = address(d, Field.output) + image * address(d, Field.outputImage) + i * address(d, Field.outputRow);
    for (let j = 0; j < width; j++) {
      if (kind === Kind.add) addPixel(d, a, b, to, channels);
      else if (kind === Kind.copy) copyPixel(a, to, channels);
      else if (kind === Kind.quantize) quantizePixel(d, a, to, channels);
      else dequantizePixel(d, a, to, channels);
      a += address(d, Field.firstPixel);
      b += address(d, Field.secondPixel);
      to += address(d, Field.outputPixel);
    }
  }
}
