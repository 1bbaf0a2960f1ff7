/** Words of the batch normalization ops, over [rows, channels]: read by both sides, JavaScript and AssemblyScript. */
export enum BatchNormField {
  /** Address of the input x, [rows, channels]. */
  input,
  /** Addresses of maps of the same shape: what is added behind the normalization (0: nothing), y, and dy. */
  residual,
  output,
  outputGradient,
  /** Addresses of what the maps write: dx, and the gradient of the residual (0: not wanted). */
  inputGradient,
  residualGradient,
  /** Addresses of one float a channel, padded to whole vectors. */
  shift,
  scale,
  offset,
  /** The gradient's factor of x - shift. */
  slope,
  /** Address of the doubles that a task leaves: `SUMS` times `paddedChannels` of them a task. */
  sums,
  rows,
  channels,
  paddedChannels,
  rowsPerTask,
  /** 1: the output goes through a ReLU. */
  relu,
}

/** Doubles a channel that one task of Op.BatchNormStatistics leaves: mean, sum of squared deviations from it. */
export const STATISTICS_SUMS = 2;

/** Doubles a channel that one task of Op.BatchNormGradientSums leaves: sums of g, of g (x - shift), of x - shift. */
export const GRADIENT_SUMS = 3;
