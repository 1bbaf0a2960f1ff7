/*
 * Words of the descriptors of panels.ts, convolve.ts and filter-gradient.ts. Distances are in bytes.
 *
 * A "run" is a contiguous stretch of input that meets equally many contiguous rows of the weights: a row of the kernel
 * (its width times the channels), or a single tap if the kernel is dilated. A "panel" is 16 columns of a matrix, row
 * after row, with zeros beyond the last column. A "plane" is one of several independent products in one dispatch: a
 * group of channels, a matrix of a batch, one of Winograd's positions.
 */

export enum PanelField {
  source,
  /** Address of the panels, plane after plane, and the distance from one panel to the next. */
  output,
  outputPanel,
  /** Address of the distances from the source to the weights of each tap. */
  tapTable,
  taps,
  /** Rows of each tap. */
  rows,
  columns,
  /** Distances from one row, column and plane of the source to the next. */
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
  /** Distances in the input from one output image, row and column to the next. */
  inputImage,
  inputRow,
  inputColumn,
  /** Address of the distances from an output position's first input to each of its runs. */
  runTable,
  runs,
  /** Length of a run in floats. */
  runLength,
  /** Address of the panels. */
  weights,
  /** Number of output channels. */
  channels,
  output,
  outputImage,
  outputRow,
  outputColumn,
  /** Address of as many floats as the panels have columns, or 0. */
  bias,
  activation,
  /** 1 to add to the values that the output holds, before the activation; else 0. */
  accumulate,
  /** Positions and panels of one task. */
  positionsPerTask,
  panelsPerTask,
  tasksPerPlane,
  /** Distances from one plane to the next. */
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
  /** Gradient of the output: its positions follow each other at the given distance. */
  gradient,
  gradientPosition,
  channels,
  /** Gradient of the filter: the rows of all runs follow each other at the given distance. */
  output,
  outputRow,
  /** 1 to add to the sum that the output holds, else 0. */
  accumulate,
  /** Runs, rows of each of them, and panels of channels, of one task. */
  runsPerTask,
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
