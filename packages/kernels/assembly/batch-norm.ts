// Batch normalization of [rows, channels]. Vectors run along the channels; what a vector
// reads past the last channel belongs to the next row and is never used.
import { BatchNormField } from './batch-norm-fields';
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { multiplyAdd } from './simd';

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
