import { address, float, word } from './descriptor';
import { EpilogueField as Field, Int8Result } from './int8-fields';
import { clampLanes, highFloats, lowFloats, roundLanes, roundToInt16, storeInt16 } from './int8-rounding';
import { PAIR_ROW } from './int8-tile';
import { storeLanes } from './lanes';
import { PANEL } from './panels';

/** Returns a word of the op itself, behind the words of the epilogue. */
export function own(d: usize, field: i32): i32 {
  return word(d, Field.words + field);
}

/** Returns a word of the op itself that holds an address or a distance. */
export function ownAddress(d: usize, field: i32): usize {
  return <usize>own(d, field);
}

/** Returns the address of a pixel of the output of plane 0. */
export function outputOf(d: usize, image: i32, row: i32, column: i32): i32 {
  return (
    word(d, Field.output) +
    image * word(d, Field.outputImage) +
    row * word(d, Field.outputRow) +
    column * word(d, Field.outputPixel)
  );
}

/** Returns the address of a pixel of the residual of plane 0. */
export function residualOf(d: usize, image: i32, row: i32, column: i32): i32 {
  return (
    word(d, Field.residual) +
    image * word(d, Field.residualImage) +
    row * word(d, Field.residualRow) +
    column * word(d, Field.residualPixel)
  );
}

/** Returns (sums + bias) * multipliers, clamped to [low, high]. */
function scaled(sums: usize, bias: usize, multipliers: usize, low: v128, high: v128): v128 {
  const sum = i32x4.add(v128.load(sums), v128.load(bias));
  return clampLanes(f32x4.mul(f32x4.convert_i32x4_s(sum), v128.load(multipliers)), low, high);
}

/** Computes x * ratio + residual * residualRatio, clamped to [low, high]. The products are rounded in both builds. */
export function weightedSum(x: v128, ratio: v128, residual: v128, residualRatio: v128, low: v128, high: v128): v128 {
  return clampLanes(f32x4.add(f32x4.mul(x, ratio), f32x4.mul(residual, residualRatio)), low, high);
}

/**
 * Applies the epilogue to `count` rows of 16 sums.
 *
 * @param column first column of the panel in its plane
 * @param columns address distance of the plane's biases and multipliers
 * @param outputs address of a table of the rows' output pixels; `residuals` likewise
 */
export function finish(
  d: usize,
  column: i32,
  columns: usize,
  count: i32,
  sums: usize,
  outputs: usize,
  residuals: usize,
): void {
  const result = word(d, Field.result);
  const present = min(PANEL, word(d, Field.channels) - column);
  const offset = columns + ((<usize>column) << 2);
  const bias = address(d, Field.bias) + offset;
  const multipliers = address(d, Field.multipliers) + offset;
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  const end = sums + <usize>count * PAIR_ROW;
  if (result === Int8Result.float32) {
    for (; sums < end; sums += PAIR_ROW, outputs += 4) {
      const out = <usize>load<i32>(outputs) + ((<usize>column) << 2);
      for (let lane = 0; lane < present; lane += 4) {
        const at = (<usize>lane) << 2;
        storeLanes(out + at, scaled(sums + at, bias + at, multipliers + at, low, high), present - lane);
      }
    }
    return;
  }
  const ratio = f32x4.splat(float(d, Field.ratio));
  const residualRatio = f32x4.splat(float(d, Field.residualRatio));
  const sumLow = f32x4.splat(float(d, Field.sumLow));
  const sumHigh = f32x4.splat(float(d, Field.sumHigh));
  for (; sums < end; sums += PAIR_ROW, outputs += 4, residuals += 4) {
    const out = <usize>load<i32>(outputs) + ((<usize>column) << 1);
    for (let lane = 0; lane < present; lane += 8) {
      const at = (<usize>lane) << 2;
      let a = scaled(sums + at, bias + at, multipliers + at, low, high);
      let b = scaled(sums + at + 16, bias + at + 16, multipliers + at + 16, low, high);
      if (result === Int8Result.int16Sum) {
        const residual = v128.load(<usize>load<i32>(residuals) + ((<usize>(column + lane)) << 1));
        a = weightedSum(roundLanes(a), ratio, lowFloats(residual), residualRatio, sumLow, sumHigh);
        b = weightedSum(roundLanes(b), ratio, highFloats(residual), residualRatio, sumLow, sumHigh);
      }
      storeInt16(out + ((<usize>lane) << 1), roundToInt16(a, b), present - lane);
    }
  }
}
