/** What a dispatch computes: read by both sides, JavaScript and AssemblyScript. */
export enum Op {
  /** Writes the number of each task, or traps: for the tests of the engine itself. */
  Probe,
  PackPanels,
  Convolve,
  FilterGradient,
  TransformInput3x3,
  TransformGradient3x3,
  TransformOutput3x3,
  TransformFilter3x3,
  TransformFilterGradient3x3,
  TransformInput5x5,
  TransformGradient5x5,
  TransformOutput5x5,
  TransformFilter5x5,
  TransformFilterGradient5x5,
  MaxPool,
  MaxPoolGradient,
  AveragePool,
  AveragePoolGradient,
  BatchNormStatistics,
  BatchNormMap,
  BatchNormGradientSums,
  BatchNormGradientMap,
  ColumnSums,
  Sgd,
  AdamW,
  ReluGradient,
  Clamp,
}

/** Words of a descriptor before those of the op: its code, the next task to be taken, how many there are. */
export enum Header {
  op,
  next,
  tasks,
  words,
}
