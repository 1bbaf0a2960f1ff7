/** Words of Op.MaxPool, Op.AveragePool and their gradients; shared by JavaScript and AssemblyScript. */
export enum PoolField {
  /** Address of the map under the windows, [n, h, w, c]. The forward ops and the gradient of the maximum read it. */
  input,
  /**
   * Address of the map with one value a window, [n, oh, ow, c]. The forward ops write it; for the gradients it holds
   * dy.
   */
  output,
  /** Address of the gradient of the input, [n, h, w, c], which the gradients write. */
  inputGradient,
  /** Forward: distances in bytes between the images, rows and pixels of the input and of the output. */
  inImage,
  inRow,
  inPixel,
  outImage,
  outRow,
  outPixel,
  inHeight,
  inWidth,
  channels,
  outHeight,
  outWidth,
  kernelHeight,
  kernelWidth,
  strideHeight,
  strideWidth,
  padTop,
  padLeft,
  /** Forward: rows of windows in the whole batch, n * oh, and the number of them in a task. */
  rows,
  rowsPerTask,
  /** Backward: a task is this many channels of one image. */
  channelsPerTask,
  /** Averages divide by the whole kernel (1), or by the window's pixels that are not padding (0). */
  wholeKernel,
}
