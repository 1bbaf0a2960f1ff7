/** What a dispatch computes: read by both sides, JavaScript and AssemblyScript. */
export enum Op {
  /** Writes the number of each task, or traps: for the tests of the engine itself. */
  Probe,
  PackPanels,
  Convolve,
  FilterGradient,
  TransformInput,
  TransformGradient,
  TransformOutput,
  TransformFilter,
  TransformFilterGradient,
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
}

/** Words of a descriptor before those of the op: its code, the next task to be taken, how many there are. */
export enum Header {
  op,
  next,
  tasks,
  words,
}
