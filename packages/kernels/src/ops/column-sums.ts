import { ColumnSumsField } from '../../assembly/column-sums-fields.js';
import { Op } from '../../assembly/ops.js';
import { fields, type Pointer, type Workspace } from '../engine/index.js';

/**
 * Sums the columns of a matrix over each block of `rowsPerTask` rows, in double precision. The results are views, valid
 * until the engine's next `alloc`.
 */
export function columnSums(
  engine: Workspace,
  rows: number,
  columns: number,
  input: Pointer,
  rowsPerTask: number,
): Float64Array[] {
  const tasks = Math.ceil(rows / rowsPerTask);
  const paddedColumns = Math.ceil(columns / 16) * 16;
  const floats = 2 * paddedColumns * tasks;
  const sums = engine.alloc(floats);
  engine.dispatch(
    Op.ColumnSums,
    tasks,
    fields(ColumnSumsField, { input, sums, rows, columns, paddedColumns, rowsPerTask }),
  );
  const { buffer, byteOffset } = engine.view(sums, floats);
  return Array.from(
    { length: tasks },
    (_, task) => new Float64Array(buffer, byteOffset + 8 * paddedColumns * task, columns),
  );
}
