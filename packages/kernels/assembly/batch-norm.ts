// Batch normalization of [rows, channels]. Vectors run along the channels; values that a vector reads past the last
// channel belong to the next row and are never used.
import { BatchNormField } from './batch-norm-fields';
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { multiplyAdd } from './simd';

/**
 * Computes (x - shift) * scale + offset, adds the residual if there is one, and applies the ReLU if it is asked for.
 */
export function batchNormMap(d: usize, task: i32): void {
  const channels = word(d, BatchNormField.channels);
  const shift = address(d, BatchNormField.shift);
  const scale = address(d, BatchNormField.scale);
  const offset = address(d, BatchNormField.offset);
  // Values below `floor` become it (one instruction, a pmax). Nothing is below -Infinity, and NaN stays.
  const floor = f32x4.splat(word(d, BatchNormField.relu) !== 0 ? 0 : <f32>-Infinity);
  const hasResidual = word(d, BatchNormField.residual) !== 0;
  const firstRow = task * word(d, BatchNormField.rowsPerTask);
  const endRow = min(firstRow + word(d, BatchNormField.rowsPerTask), word(d, BatchNormField.rows));
  const start = (<usize>(firstRow * channels)) << 2;
  let x = address(d, BatchNormField.input) + start;
  let residual = address(d, BatchNormField.residual) + start;
  let y = address(d, BatchNormField.output) + start;

  for (let row = firstRow; row < endRow; row++) {
    let c = 0;
    for (; c + 16 <= channels; c += 16) {
      const at = (<usize>c) << 2;
      const px = x + at;
      const ps = shift + at;
      const pk = scale + at;
      const po = offset + at;
      let v0 = multiplyAdd(f32x4.sub(v128.load(px), v128.load(ps)), v128.load(pk), v128.load(po));
      let v1 = multiplyAdd(f32x4.sub(v128.load(px, 16), v128.load(ps, 16)), v128.load(pk, 16), v128.load(po, 16));
      let v2 = multiplyAdd(f32x4.sub(v128.load(px, 32), v128.load(ps, 32)), v128.load(pk, 32), v128.load(po, 32));
      let v3 = multiplyAdd(f32x4.sub(v128.load(px, 48), v128.load(ps, 48)), v128.load(pk, 48), v128.load(po, 48));
      if (hasResidual) {
        v0 = f32x4.add(v0, v128.load(residual + at));
        v1 = f32x4.add(v1, v128.load(residual + at, 16));
        v2 = f32x4.add(v2, v128.load(residual + at, 32));
        v3 = f32x4.add(v3, v128.load(residual + at, 48));
      }
      v128.store(y + at, f32x4.pmax(v0, floor));
      v128.store(y + at, f32x4.pmax(v1, floor), 16);
      v128.store(y + at, f32x4.pmax(v2, floor), 32);
      v128.store(y + at, f32x4.pmax(v3, floor), 48);
    }
    for (; c < channels; c += 4) {
      const at = (<usize>c) << 2;
      const centred = f32x4.sub(v128.load(x + at), v128.load(shift + at));
      let value = multiplyAdd(centred, v128.load(scale + at), v128.load(offset + at));
      if (hasResidual) value = f32x4.add(value, v128.load(residual + at));
      storeLanes(y + at, f32x4.pmax(value, floor), channels - c);
    }
    const rowBytes = (<usize>channels) << 2;
    x += rowBytes;
    residual += rowBytes;
    y += rowBytes;
  }
}
