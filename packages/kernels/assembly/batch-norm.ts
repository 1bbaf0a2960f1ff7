// Batch normalization over [rows, channels]. Vectors run along the channels; what a vector reads past the last channel
// belongs to the next row and is never used.
import { BatchNormField, GRADIENT_SUMS, STATISTICS_SUMS } from './batch-norm-fields';
import { address, word } from './descriptor';
import { addToDoubles, doublesToFloats, storeLanes, upperHalf } from './lanes';
import { multiplyAdd } from './simd';

/** Rows whose sums are kept in single precision before they are added to doubles. */
const BLOCK: i32 = 64;

/** Doubles of a task, [sums][paddedChannels], set to zero. */
function clearedSums(d: usize, task: i32, sums: i32): usize {
  const bytes = (<usize>(sums * word(d, BatchNormField.paddedChannels))) << 3;
  const at = address(d, BatchNormField.sums) + <usize>task * bytes;
  memory.fill(at, 0, bytes);
  return at;
}

/** Means of 16 channels over some rows, rounded as they may be: what the rows are shifted by. */
function roughMeans(x: usize, rows: i32, rowBytes: usize, to: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < rows; i++, x += rowBytes) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
  }
  const part = f32x4.splat(1 / <f32>rows);
  v128.store(to, f32x4.mul(s0, part));
  v128.store(to, f32x4.mul(s1, part), 16);
  v128.store(to, f32x4.mul(s2, part), 32);
  v128.store(to, f32x4.mul(s3, part), 48);
}

/**
 * Joins the statistics of two channels with those of a block of rows, as by Chan, Golub and LeVeque (1979): their mean
 * and squared deviations stand at `mean` and `deviations`.
 *
 * @param shift what the block's rows were shifted by
 * @param difference sum of the shifted rows
 * @param squares sum of their squares
 * @param inverse 1 / n, of the n rows of the block
 * @param share n / (seen + n), after `seen` rows
 * @param between seen n / (seen + n)
 */
function joinTwo(
  mean: usize,
  deviations: usize,
  shift: v128,
  difference: v128,
  squares: v128,
  inverse: v128,
  share: v128,
  between: v128,
): void {
  const before = v128.load(mean);
  const offCentre = f64x2.mul(difference, inverse);
  const apart = f64x2.sub(f64x2.add(shift, offCentre), before);
  v128.store(mean, f64x2.add(before, f64x2.mul(apart, share)));
  const ofBlock = f64x2.sub(squares, f64x2.mul(difference, offCentre));
  const ofMeans = f64x2.mul(f64x2.mul(apart, apart), between);
  v128.store(deviations, f64x2.add(v128.load(deviations), f64x2.add(ofBlock, ofMeans)));
}

/** As `joinTwo`, of four channels whose block is given in floats. */
function joinFour(
  mean: usize,
  deviations: usize,
  shift: v128,
  difference: v128,
  squares: v128,
  inverse: v128,
  share: v128,
  between: v128,
): void {
  joinTwo(
    mean,
    deviations,
    f64x2.promote_low_f32x4(shift),
    f64x2.promote_low_f32x4(difference),
    f64x2.promote_low_f32x4(squares),
    inverse,
    share,
    between,
  );
  joinTwo(
    mean + 16,
    deviations + 16,
    upperHalf(shift),
    upperHalf(difference),
    upperHalf(squares),
    inverse,
    share,
    between,
  );
}

/**
 * Mean and squared deviations of a task's rows. Each block of rows is shifted by a mean that is near its own: no
 * difference of large sums, so the variance is right where the mean is far from zero, and where a value is far from all
 * others.
 */
export function batchNormStatistics(d: usize, task: i32, scratch: usize): void {
  const channels = word(d, BatchNormField.channels);
  const padded = (<usize>word(d, BatchNormField.paddedChannels)) << 3;
  const rowBytes = (<usize>channels) << 2;
  const firstRow = task * word(d, BatchNormField.rowsPerTask);
  const endRow = min(firstRow + word(d, BatchNormField.rowsPerTask), word(d, BatchNormField.rows));
  const sums = clearedSums(d, task, STATISTICS_SUMS);

  for (let row = firstRow; row < endRow; row += BLOCK) {
    const count = min(BLOCK, endRow - row);
    const n = <f64>count;
    const seen = <f64>(row - firstRow);
    const inverse = f64x2.splat(1 / n);
    const share = f64x2.splat(n / (seen + n));
    const between = f64x2.splat((seen * n) / (seen + n));
    for (let c = 0; c < channels; c += 16) {
      let x = address(d, BatchNormField.input) + <usize>row * rowBytes + ((<usize>c) << 2);
      const mean = sums + ((<usize>c) << 3);
      const deviations = mean + padded;
      if (row === firstRow) roughMeans(x, count, rowBytes, scratch);
      else doublesToFloats(mean, scratch);
      const k0 = v128.load(scratch);
      const k1 = v128.load(scratch, 16);
      const k2 = v128.load(scratch, 32);
      const k3 = v128.load(scratch, 48);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let q0 = s0;
      let q1 = s0;
      let q2 = s0;
      let q3 = s0;
      for (let i = 0; i < count; i++, x += rowBytes) {
        const x0 = f32x4.sub(v128.load(x), k0);
        const x1 = f32x4.sub(v128.load(x, 16), k1);
        const x2 = f32x4.sub(v128.load(x, 32), k2);
        const x3 = f32x4.sub(v128.load(x, 48), k3);
        s0 = f32x4.add(s0, x0);
        s1 = f32x4.add(s1, x1);
        s2 = f32x4.add(s2, x2);
        s3 = f32x4.add(s3, x3);
        q0 = multiplyAdd(x0, x0, q0);
        q1 = multiplyAdd(x1, x1, q1);
        q2 = multiplyAdd(x2, x2, q2);
        q3 = multiplyAdd(x3, x3, q3);
      }
      joinFour(mean, deviations, v128.load(scratch), s0, q0, inverse, share, between);
      joinFour(mean + 32, deviations + 32, v128.load(scratch, 16), s1, q1, inverse, share, between);
      joinFour(mean + 64, deviations + 64, v128.load(scratch, 32), s2, q2, inverse, share, between);
      joinFour(mean + 96, deviations + 96, v128.load(scratch, 48), s3, q3, inverse, share, between);
    }
  }
}

/** (x - shift) * scale + offset, plus the residual where one is given, through a ReLU where one is asked for. */
export function batchNormMap(d: usize, task: i32): void {
  const channels = word(d, BatchNormField.channels);
  const shift = address(d, BatchNormField.shift);
  const scale = address(d, BatchNormField.scale);
  const offset = address(d, BatchNormField.offset);
  const relu = word(d, BatchNormField.relu) !== 0;
  const hasResidual = word(d, BatchNormField.residual) !== 0;
  const firstRow = task * word(d, BatchNormField.rowsPerTask);
  const endRow = min(firstRow + word(d, BatchNormField.rowsPerTask), word(d, BatchNormField.rows));
  const start = (<usize>(firstRow * channels)) << 2;
  let x = address(d, BatchNormField.input) + start;
  let residual = address(d, BatchNormField.residual) + start;
  let y = address(d, BatchNormField.output) + start;
  const zero = f32x4.splat(0);

  for (let row = firstRow; row < endRow; row++) {
    for (let c = 0; c < channels; c += 4) {
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(v128.load(x + at), v128.load(shift + at));
      let value = multiplyAdd(centred, v128.load(scale + at), v128.load(offset + at));
      if (hasResidual) value = f32x4.add(value, v128.load(residual + at));
      if (relu) value = f32x4.max(value, zero);
      storeLanes(y + at, value, channels - c);
    }
    const rowBytes = (<usize>channels) << 2;
    x += rowBytes;
    residual += rowBytes;
    y += rowBytes;
  }
}

/** The gradient in front of a ReLU with output y: where y is NaN, NaN. */
function throughRelu(gradient: v128, y: v128): v128 {
  const passed = v128.and(gradient, f32x4.gt(y, f32x4.splat(0)));
  return v128.or(passed, v128.and(y, f32x4.ne(y, y)));
}

/** Sums over a task's rows of g, of g (x - shift) and of x - shift, g being the gradient in front of the ReLU. */
export function batchNormGradientSums(d: usize, task: i32): void {
  const channels = word(d, BatchNormField.channels);
  const padded = (<usize>word(d, BatchNormField.paddedChannels)) << 3;
  const rowBytes = (<usize>channels) << 2;
  const relu = word(d, BatchNormField.relu) !== 0;
  const firstRow = task * word(d, BatchNormField.rowsPerTask);
  const endRow = min(firstRow + word(d, BatchNormField.rowsPerTask), word(d, BatchNormField.rows));
  const sums = clearedSums(d, task, GRADIENT_SUMS);

  for (let row = firstRow; row < endRow; row += BLOCK) {
    const count = min(BLOCK, endRow - row);
    for (let c = 0; c < channels; c += 8) {
      const start = <usize>row * rowBytes + ((<usize>c) << 2);
      let x = address(d, BatchNormField.input) + start;
      let gradient = address(d, BatchNormField.outputGradient) + start;
      let y = address(d, BatchNormField.output) + start;
      const k0 = v128.load(address(d, BatchNormField.shift) + ((<usize>c) << 2));
      const k1 = v128.load(address(d, BatchNormField.shift) + ((<usize>c) << 2), 16);
      let g0 = f32x4.splat(0);
      let g1 = g0;
      let gx0 = g0;
      let gx1 = g0;
      let x0 = g0;
      let x1 = g0;
      for (let i = 0; i < count; i++) {
        const centred0 = f32x4.sub(v128.load(x), k0);
        const centred1 = f32x4.sub(v128.load(x, 16), k1);
        let v0 = v128.load(gradient);
        let v1 = v128.load(gradient, 16);
        if (relu) {
          v0 = throughRelu(v0, v128.load(y));
          v1 = throughRelu(v1, v128.load(y, 16));
        }
        g0 = f32x4.add(g0, v0);
        g1 = f32x4.add(g1, v1);
        gx0 = multiplyAdd(v0, centred0, gx0);
        gx1 = multiplyAdd(v1, centred1, gx1);
        x0 = f32x4.add(x0, centred0);
        x1 = f32x4.add(x1, centred1);
        x += rowBytes;
        gradient += rowBytes;
        y += rowBytes;
      }
      const to = sums + ((<usize>c) << 3);
      addToDoubles(to, g0, g1);
      addToDoubles(to + padded, gx0, gx1);
      addToDoubles(to + 2 * padded, x0, x1);
    }
  }
}

/** dx = g * scale + (x - shift) * slope + offset; the gradient of the residual is g, where that is wanted. */
export function batchNormGradientMap(d: usize, task: i32): void {
  const channels = word(d, BatchNormField.channels);
  const shift = address(d, BatchNormField.shift);
  const scale = address(d, BatchNormField.scale);
  const offset = address(d, BatchNormField.offset);
  const slope = address(d, BatchNormField.slope);
  const relu = word(d, BatchNormField.relu) !== 0;
  const wantsResidual = word(d, BatchNormField.residualGradient) !== 0;
  const firstRow = task * word(d, BatchNormField.rowsPerTask);
  const endRow = min(firstRow + word(d, BatchNormField.rowsPerTask), word(d, BatchNormField.rows));
  const rowBytes = (<usize>channels) << 2;
  const start = <usize>firstRow * rowBytes;
  let x = address(d, BatchNormField.input) + start;
  let gradient = address(d, BatchNormField.outputGradient) + start;
  let y = address(d, BatchNormField.output) + start;
  let inputGradient = address(d, BatchNormField.inputGradient) + start;
  let residualGradient = address(d, BatchNormField.residualGradient) + start;

  for (let row = firstRow; row < endRow; row++) {
    for (let c = 0; c < channels; c += 4) {
      const at = (<usize>c) << 2;
      let g = v128.load(gradient + at);
      if (relu) g = throughRelu(g, v128.load(y + at));
      const centred = f32x4.sub(v128.load(x + at), v128.load(shift + at));
      const alongX = multiplyAdd(centred, v128.load(slope + at), v128.load(offset + at));
      storeLanes(inputGradient + at, multiplyAdd(g, v128.load(scale + at), alongX), channels - c);
      if (wantsResidual) storeLanes(residualGradient + at, g, channels - c);
    }
    x += rowBytes;
    gradient += rowBytes;
    y += rowBytes;
    inputGradient += rowBytes;
    residualGradient += rowBytes;
  }
}
