/** Words of Op.ReluGradient, over flat tensors of one length: read by both sides, JavaScript and AssemblyScript. */
export enum ReluField {
  /** Addresses of y, what the ReLU gave, of dy and of dx. */
  output,
  outputGradient,
  inputGradient,
  length,
  lengthPerTask,
}

/** Words of Op.Clamp, over flat tensors of one length. */
export enum ClampField {
  /** Addresses of the values that are read and written. */
  input,
  output,
  length,
  lengthPerTask,
  /** Bits of the float that no value exceeds. */
  most,
}
