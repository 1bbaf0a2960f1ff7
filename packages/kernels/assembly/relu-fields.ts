/** Words of Op.ReluGradient, over flat tensors of one length: read by both sides, JavaScript and AssemblyScript. */
export enum ReluField {
  /** Addresses of y, what the ReLU gave, of dy and of dx. */
  output,
  outputGradient,
  inputGradient,
  length,
  lengthPerTask,
}
