import { ColumnSumsField } from './column-sums-fields';
import { address, word } from './descriptor';
import { addToDoubles, BLOCK } from './lanes';

/** Sums the columns over the rows of a task. */
export function columnSums(d: usize, task: i32): void {
  const columns = word(d, ColumnSumsField.columns);
  const rowBytes = (<usize>columns) << 2;
  const sumBytes = (<usize>word(d, ColumnSumsField.paddedColumns)) << 3;
  const sums = address(d, ColumnSumsField.sums) + <usize>task * sumBytes;
  const firstRow = task * word(d, ColumnSumsField.rowsPerTask);
  const endRow = min(firstRow + word(d, ColumnSumsField.rowsPerTask), word(d, ColumnSumsField.rows));
  memory.fill(sums, 0, sumBytes);
  for (let row = firstRow; row < endRow; row += BLOCK) {
    const count = min(BLOCK, endRow - row);
    for (let c = 0; c < columns; c += 16) {
      let from = address(d, ColumnSumsField.input) + <usize>row * rowBytes + ((<usize>c) << 2);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let i = 0; i < count; i++, from += rowBytes) {
        s0 = f32x4.add(s0, v128.load(from));
        s1 = f32x4.add(s1, v128.load(from, 16));
        s2 = f32x4.add(s2, v128.load(from, 32));
        s3 = f32x4.add(s3, v128.load(from, 48));
      }
      const to = sums + ((<usize>c) << 3);
      addToDoubles(to, s0, s1);
      addToDoubles(to + 64, s2, s3);
    }
  }
}
