/** Words of Op.MaxPool, Op.AveragePool and their gradients: read by both sides, JavaScript and AssemblyScript. */
export enum PoolField {
  /** Address of the map that the windows slide over, [n, h, w, c]: read forward, and by the gradient of the maximum. */
  input,
  /** Address of the map with one value a window, [n, oh, ow, c]: written forward; its gradient is read backward. */
  output,
  /** Address of the gradient of the input, [n, h, w, c]: written backward. */
  inputGradient,
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
  /** Forward: rows of windows over the whole batch, n * oh, and how many of them make a task. */
  rows,
  rowsPerTask,
  /** Backward: a task is this many channels of one image. */
  channelsPerTask,
  /** Averages divide by the whole kernel (1), or by the pixels of the window that are no padding (0). */
  wholeKernel,
}
