/** Ops that a dispatch can run; shared by JavaScript and AssemblyScript. */
export enum Op {
  /** Writes the number of each task, or traps. Tests of the engine use it. */
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
  Int8Convolve,
  Int8Winograd,
  Int8MaxPool,
  Int8AveragePool,
  Int8Map,
}

/** Words of a descriptor before those of the op: the op's code, the next task to take, the number of tasks. */
export enum Header {
  op,
  next,
  tasks,
  words,
}
