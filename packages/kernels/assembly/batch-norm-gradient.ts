// Gradient of batch normalization over [rows, channels]. Vectors run along the channels; values that a vector reads
// past the last channel belong to the next row and are never used.
import { BatchNormField, GRADIENT_SUMS } from './batch-norm-fields';
import { clearedSums } from './batch-norm-sums';
import { address, word } from './descriptor';
import { addToDoubles, BLOCK, storeLanes } from './lanes';
import { throughRelu } from './relu';
import { multiplyAdd } from './simd';

/** Sums g, g (x - shift) and x - shift over a task's rows, where g is the gradient of the ReLU's input. */
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

/**
 * Computes dx = g * scale + (x - shift) * slope + offset, and writes g as the gradient of the residual if it is asked
 * for.
 */
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
    let c = 0;
    for (; c + 8 <= channels; c += 8) {
      const at = (<usize>c) << 2;
      let g0 = v128.load(gradient + at);
      let g1 = v128.load(gradient + at, 16);
      if (relu) {
        g0 = throughRelu(g0, v128.load(y + at));
        g1 = throughRelu(g1, v128.load(y + at, 16));
      }
      const centred0 = f32x4.sub(v128.load(x + at), v128.load(shift + at));
      const centred1 = f32x4.sub(v128.load(x + at, 16), v128.load(shift + at, 16));
      const alongX0 = multiplyAdd(centred0, v128.load(slope + at), v128.load(offset + at));
      const alongX1 = multiplyAdd(centred1, v128.load(slope + at, 16), v128.load(offset + at, 16));
      v128.store(inputGradient + at, multiplyAdd(g0, v128.load(scale + at), alongX0));
      v128.store(inputGradient + at, multiplyAdd(g1, v128.load(scale + at, 16), alongX1), 16);
      if (wantsResidual) {
        v128.store(residualGradient + at, g0);
        v128.store(residualGradient + at, g1, 16);
      }
    }
    for (; c < channels; c += 4) {
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
