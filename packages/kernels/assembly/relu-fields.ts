/** Words of Op.ReluGradient over flat tensors of one length; shared by JavaScript and AssemblyScript. */
export enum ReluField {
  /** Addresses of y (the ReLU's result), of dy and of dx. */
  output,
  outputGradient,
  inputGradient,
  length,
  lengthPerTask,
}

/** Words of Op.Clamp over flat tensors of one length. */
export enum ClampField {
  /** Addresses of the values to read and of the results. */
  input,
  output,
  length,
  lengthPerTask,
  /** Bits of the largest result, a float. */
  most,
}
