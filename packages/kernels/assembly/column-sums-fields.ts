/** Words of Op.ColumnSums over [rows, columns]; shared by JavaScript and AssemblyScript. */
export enum ColumnSumsField {
  /** Address of the matrix of floats. */
  input,
  /** Address of the sums: a row of `paddedColumns` doubles for each task. */
  sums,
  rows,
  columns,
  /** A multiple of 16. */
  paddedColumns,
  rowsPerTask,
}
