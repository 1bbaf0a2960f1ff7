/** Words of the optimizer steps over flat tensors of one length; shared by JavaScript and AssemblyScript. */
export enum OptimizerField {
  /** Addresses of the parameter and of its next values. These may be equal, as in all pairs below. */
  parameter,
  parameterOut,
  gradient,
  /** Velocity of SGD (0: none), or first moment of AdamW. */
  moment,
  momentOut,
  /** Second moment of AdamW. */
  square,
  squareOut,
  length,
  lengthPerTask,
  /**
   * Learning rate; for AdamW, divided by the bias correction of the first moment. This word and all after it but the
   * last hold the bits of floats.
   */
  rate,
  /** Fraction of the velocity (SGD), or of both moments (AdamW), that is kept. */
  momentDecay,
  squareDecay,
  /** AdamW: 1 minus the fraction that is kept, which would lose digits if computed in floats. */
  momentShare,
  squareShare,
  /** SGD: L2 penalty, added to the gradient. AdamW: factor by which a step first multiplies the parameter. */
  weightDecay,
  /** AdamW: factor that corrects the root of the second moment, and the number added to it afterwards. */
  rootCorrection,
  epsilon,
  /** SGD: 1 to look ahead along the velocity (Nesterov), else 0. */
  nesterov,
}
