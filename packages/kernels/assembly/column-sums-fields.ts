/** Words of Op.ColumnSums, over [rows, columns]: read by both sides, JavaScript and AssemblyScript. */
export enum ColumnSumsField {
  /** Address of the matrix, of floats. */
  input,
  /** Address of the sums: for each task a row of `paddedColumns` doubles. */
  sums,
  rows,
  columns,
  /** A multiple of 16. */
  paddedColumns,
  rowsPerTask,
}
