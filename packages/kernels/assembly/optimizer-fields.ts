/** Words of the optimizer steps, over flat tensors of one length: read by both sides, JavaScript and AssemblyScript. */
export enum OptimizerField {
  /** Addresses of the parameter and of what is left of it; they may be the same, as all pairs below. */
  parameter,
  parameterOut,
  gradient,
  /** The velocity of SGD (0: none), the first moment of AdamW. */
  moment,
  momentOut,
  /** AdamW: the second moment. */
  square,
  squareOut,
  length,
  lengthPerTask,
  /** Bits of floats from here on. The learning rate; of AdamW, divided by the correction of the first moment. */
  rate,
  /** SGD: how much of the velocity stays. AdamW: of the first and of the second moment. */
  momentDecay,
  squareDecay,
  /** AdamW: the rest of 1, which a float could not be subtracted from without losing digits. */
  momentShare,
  squareShare,
  /** SGD: the L2 penalty, added to the gradient. AdamW: what a step leaves of the parameter. */
  weightDecay,
  /** AdamW: what the root of the second moment is multiplied by to correct it, and what is then added. */
  rootCorrection,
  epsilon,
  /** SGD: 1 looks ahead along the velocity. */
  nesterov,
}
