/** Words of the batch normalization ops over [rows, channels]; shared by JavaScript and AssemblyScript. */
export enum BatchNormField {
  /** Address of the input x, [rows, channels]. */
  input,
  /** Addresses of maps of the same shape: the residual to add after the normalization (0: none), y, and dy. */
  residual,
  output,
  outputGradient,
  /** Addresses of maps to write: dx, and the gradient of the residual (0: not computed). */
  inputGradient,
  residualGradient,
  /** Addresses of one float a channel, padded to whole vectors. */
  shift,
  scale,
  offset,
  /** Factor of x - shift in the gradient. */
  slope,
  /** Address of the doubles that the tasks write: the op's number of sums times `paddedChannels` for each task. */
  sums,
  rows,
  channels,
  paddedChannels,
  rowsPerTask,
  /** 1 if the output goes through a ReLU, else 0. */
  relu,
}

/**
 * Doubles a channel that one task of Op.BatchNormStatistics writes: the mean, and the sum of squared deviations from
 * it.
 */
export const STATISTICS_SUMS = 2;

/**
 * Doubles a channel that one task of Op.BatchNormGradientSums writes: the sums of g, of g (x - shift) and of x - shift.
 */
export const GRADIENT_SUMS = 3;
