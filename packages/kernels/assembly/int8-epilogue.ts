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
function scaled(sums: v128, bias: v128, multipliers: v128, low: v128, high: v128): v128 {
  return clampLanes(f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(sums, bias)), multipliers), low, high);
}

/** Computes x * ratio + residual * residualRatio, clamped to [low, high]. The products are rounded in both builds. */
export function weightedSum(x: v128, ratio: v128, residual: v128, residualRatio: v128, low: v128, high: v128): v128 {
  return clampLanes(f32x4.add(f32x4.mul(x, ratio), f32x4.mul(residual, residualRatio)), low, high);
}

/** Dequantizes `lanes` (1 to 4) columns of the rows of sums from `sums` to `end`. */
function dequantize(
  d: usize,
  bias: usize,
  multipliers: usize,
  sums: usize,
  end: usize,
  outputs: usize,
  offset: usize,
  lanes: i32,
): void {
  const b = v128.load(bias);
  const m = v128.load(multipliers);
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  for (; sums < end; sums += PAIR_ROW, outputs += 4)
    storeLanes(<usize>load<i32>(outputs) + offset, scaled(v128.load(sums), b, m, low, high), lanes);
}

/** Requantizes `lanes` (1 to 8) columns of the rows of sums from `sums` to `end`. */
function requantize(
  d: usize,
  bias: usize,
  multipliers: usize,
  sums: usize,
  end: usize,
  outputs: usize,
  offset: usize,
  lanes: i32,
): void {
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const m0 = v128.load(multipliers);
  const m1 = v128.load(multipliers, 16);
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  for (; sums < end; sums += PAIR_ROW, outputs += 4) {
    const a = scaled(v128.load(sums), b0, m0, low, high);
    const b = scaled(v128.load(sums, 16), b1, m1, low, high);
    storeInt16(<usize>load<i32>(outputs) + offset, roundToInt16(a, b), lanes);
  }
}

/** Requantizes as `requantize`, and adds the residual. */
function requantizeSum(
  d: usize,
  bias: usize,
  multipliers: usize,
  sums: usize,
  end: usize,
  outputs: usize,
  residuals: usize,
  offset: usize,
  lanes: i32,
): void {
  const low = f32x4.splat(float(d, Field.low));
  const high = f32x4.splat(float(d, Field.high));
  const ratio = f32x4.splat(float(d, Field.ratio));
  const residualRatio = f32x4.splat(float(d, Field.residualRatio));
  const sumLow = f32x4.splat(float(d, Field.sumLow));
  const sumHigh = f32x4.splat(float(d, Field.sumHigh));
  for (; sums < end; sums += PAIR_ROW, outputs += 4, residuals += 4) {
    const residual = v128.load(<usize>load<i32>(residuals) + offset);
    let a = scaled(v128.load(sums), v128.load(bias), v128.load(multipliers), low, high);
    a = weightedSum(roundLanes(a), ratio, lowFloats(residual), residualRatio, sumLow, sumHigh);
    let b = scaled(v128.load(sums, 16), v128.load(bias, 16), v128.load(multipliers, 16), low, high);
    b = weightedSum(roundLanes(b), ratio, highFloats(residual), residualRatio, sumLow, sumHigh);
    storeInt16(<usize>load<i32>(outputs) + offset, roundToInt16(a, b), lanes);
  }
}

/**
 * Applies the epilogue to `count` rows of 16 sums.
 *
 * @param column first column of the panel in its plane
 * @param columns distance of the plane's biases and multipliers from those of plane 0, in bytes
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
  const bias = address(d, Field.bias) + columns;
  const multipliers = address(d, Field.multipliers) + columns;
  const end = sums + <usize>count * PAIR_ROW;
  const step = result === Int8Result.float32 ? 4 : 8;
  for (let lane = 0; lane < present; lane += step) {
    const at = (<usize>(column + lane)) << 2;
    const from = sums + ((<usize>lane) << 2);
    const lanes = min(step, present - lane);
    if (result === Int8Result.float32) dequantize(d, bias + at, multipliers + at, from, end, outputs, at, lanes);
    else if (result === Int8Result.int16)
      requantize(d, bias + at, multipliers + at, from, end, outputs, at >> 1, lanes);
    else requantizeSum(d, bias + at, multipliers + at, from, end, outputs, residuals, at >> 1, lanes);
  }
}
