/*
 * Words of the descriptors of the int8 kernels. Distances are in bytes. A quantized map holds int16 values, each a
 * quantized value less its zero point. convolution-fields.ts defines runs, panels and planes. An int8 panel has a row
 * for every pair of values of a run: 16 columns of two weights. A run of odd length ends with a pair whose second
 * weights are zeros.
 */

/** Result of a product's epilogue. */
export enum Int8Result {
  /** Requantized int16. */
  int16,
  /** Requantized int16, to which a second map is added. */
  int16Sum,
  /** Dequantized float32. */
  float32,
}

/** First words of the descriptors of Op.Int8Convolve and Op.Int8Winograd; those of the op itself follow. */
export enum EpilogueField {
  result,
  /** Number of output channels of a plane. */
  channels,
  output,
  outputImage,
  outputRow,
  outputPixel,
  /** Address of an int32 a column of the panels, added to the sums. */
  bias,
  /** Address of a float32 a column of the panels, by which the sums are multiplied afterwards. */
  multipliers,
  /** Least and largest result, as float32. */
  low,
  high,
  residual,
  residualImage,
  residualRow,
  residualPixel,
  /** Factors of the result and of the residual in their sum, and the sum's least and largest value, as float32. */
  ratio,
  residualRatio,
  sumLow,
  sumHigh,
  words,
}

export enum Int8ConvolveField {
  input,
  images,
  outRows,
  outColumns,
  /** Distances in the input from one output image, row and column to the next. */
  inputImage,
  inputRow,
  inputColumn,
  runs,
  /** Pairs of a run. */
  pairs,
  /** Address of the int8 panels. */
  weights,
  positionsPerTask,
  panelsPerTask,
  tasksPerPlane,
  /** Distances from one plane to the next. */
  inputPlane,
  weightsPlane,
  outputPlane,
  residualPlane,
  columnPlane,
  /** Distances from an output position's first input to each of its runs: as many words as there are runs. */
  runTable,
}

export enum Int8WinogradField {
  /** Address of the first tile, and distances in the input from one image, row and pixel to the next. */
  input,
  inputImage,
  inputRow,
  inputPixel,
  inputChannels,
  /** Address of the transformed filter, [panels][16 planes][pairs][16 columns][2], int16. */
  weights,
  tileRows,
  tileColumns,
  outHeight,
  outWidth,
  tiles,
  tilesPerTask,
  panelsPerTask,
}

export enum Int8WinogradFilterField {
  /** Address of the filter, [3, 3, rows, columns], int8. */
  source,
  /** Channels of input and output. */
  rows,
  columns,
  /** Address of the transformed filter. */
  output,
}

/** Words of Op.Int8MaxPool and Op.Int8AveragePool. */
export enum Int8PoolField {
  input,
  inputImage,
  inputRow,
  inputPixel,
  inHeight,
  inWidth,
  channels,
  output,
  outputImage,
  outputRow,
  outputPixel,
  outHeight,
  outWidth,
  kernelHeight,
  kernelWidth,
  strideHeight,
  strideWidth,
  padTop,
  padLeft,
  /** Rows of windows in the whole batch, and of a task. */
  rows,
  rowsPerTask,
  /** Averages: scales of input and output, least and largest result, as float32. */
  inputScale,
  outputScale,
  low,
  high,
  /** Averages divide by the whole kernel (1), or by the window's pixels that are not padding (0). */
  wholeKernel,
}

/** Function of Op.Int8Map. */
export enum Int8MapKind {
  add,
  copy,
  quantize,
  dequantize,
}

/** Words of Op.Int8Map: a function of each value of one or two maps. */
export enum Int8MapField {
  kind,
  images,
  height,
  width,
  channels,
  first,
  firstImage,
  firstRow,
  firstPixel,
  second,
  secondImage,
  secondRow,
  secondPixel,
  output,
  outputImage,
  outputRow,
  outputPixel,
  /** Factors of both maps of a sum, or the scale, as float32. */
  ratio,
  secondRatio,
  /** Least and largest result, as float32. */
  low,
  high,
  /** Rows of the whole batch in a task. */
  rowsPerTask,
}
