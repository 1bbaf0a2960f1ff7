// Statistics of the channels of [rows, channels]. Vectors run along the channels; values that a vector reads past the
// last channel belong to the next row and are never used.
import { BatchNormField, STATISTICS_SUMS } from './batch-norm-fields';
import { clearedSums } from './batch-norm-sums';
import { address, word } from './descriptor';
import { BLOCK, doublesToFloats, upperHalf } from './lanes';
import { multiplyAdd } from './simd';

/** Computes rough means of 16 channels over some rows, by which the rows are then shifted. */
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
 * Merges the statistics of two channels, kept at `mean` and `deviations`, with those of a block of rows (Chan, Golub
 * and LeVeque, 1979).
 *
 * @param shift value subtracted from the block's rows
 * @param difference sum of the shifted rows
 * @param squares sum of their squares
 * @param inverse 1 / n, for the n rows of the block
 * @param share n / (seen + n), for `seen` earlier rows
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

/** Merges the statistics of four channels, as `joinTwo`, with those of a block in floats. */
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
 * Computes mean and squared deviations of a task's rows. Each block of rows is shifted by a mean close to its own. No
 * large sums are subtracted from each other, so the variance is right even if the mean is far from zero or one value is
 * far from all others.
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
