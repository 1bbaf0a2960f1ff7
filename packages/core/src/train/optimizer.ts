import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** A variable and the gradient of the loss by it, of the same shape. */
export interface Gradient {
  readonly variable: Variable;
  readonly gradient: Tensor;
}

/** How weights follow from gradients: a value that holds no tensors. `start` begins a run, which owns its state. */
export interface Optimizer {
  start(): OptimizerRun;
}

/** An optimizer at work: its state lives here, until `dispose`. */
export interface OptimizerRun {
  /** Updates the variables in place, on step 0, 1, 2, …; the gradients stay the caller's. */
  update(gradients: readonly Gradient[], step: number): void;
  dispose(): void;
}
