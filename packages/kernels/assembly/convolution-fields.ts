/*
 * Words of the descriptors of panels.ts, convolve.ts and filter-gradient.ts. Distances are in bytes.
 *
 * A "run" is a stretch of input that lies contiguously in memory and meets as many contiguous rows of the weights: a row
 * of the kernel (its width times the channels), or a single tap where it is dilated. A "panel" is 16 columns of a matrix,
 * row after row, with zeros beyond the last column. A "plane" is one of several independent products in one dispatch: a
 * group of channels, a matrix of a batch, one of Winograd's positions.
 */

export enum PanelField {
  source,
  /** Panels of a plane in a row, planes in a row: so far from one panel to the next. */
  output,
  outputPanel,
  /** Distances from the source to the weights of each tap. */
  tapTable,
  taps,
  /** Rows of each tap. */
  rows,
  columns,
  /** From one row, column, plane of the source to the next. */
  rowStep,
  columnStep,
  planeStep,
}

export enum ConvolveField {
  input,
  /** Output positions: images, rows and columns. */
  images,
  outRows,
  outColumns,
  /** From what one output image, row, column reads to what the next one reads. */
  inputImage,
  inputRow,
  inputColumn,
  /** Distances from what an output position reads to each of its runs. */
  runTable,
  runs,
  /** In floats. */
  runLength,
  /** Panels. */
  weights,
  /** Output channels. */
  channels,
  output,
  outputImage,
  outputRow,
  outputColumn,
  /** 0, or an address of as many floats as the panels have columns. */
  bias,
  activation,
  /** Positions and panels that are one task. */
  positionsPerTask,
  panelsPerTask,
  tasksPerPlane,
  /** From one plane to the next. */
  inputPlane,
  weightsPlane,
  outputPlane,
  biasPlane,
}

export enum FilterGradientField {
  input,
  images,
  outRows,
  outColumns,
  inputImage,
  inputRow,
  inputColumn,
  runTable,
  runs,
  runLength,
  /** Gradient of the output: positions in a row, each so many bytes from the next. */
  gradient,
  gradientPosition,
  channels,
  /** Gradient of the filter: rows of the runs in a row, each so many bytes from the next. */
  output,
  outputRow,
  /** Whether the output holds a sum already, to which this is added. */
  accumulate,
  /** Rows of a run and panels of channels that are one task. */
  rowsPerTask,
  panelsPerTask,
  tasksPerPlane,
  inputPlane,
  gradientPlane,
  outputPlane,
}

export enum Activation {
  linear,
  relu,
  relu6,
}
