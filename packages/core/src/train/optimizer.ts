import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** A value that is constant, or follows from the step: 0 to `steps` - 1, the steps of the whole run. */
export type Schedule = number | ((step: number, steps: number) => number);

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
  /** Updates the variables in place on step `step` of `steps`; the gradients stay the caller's. */
  update(gradients: readonly Gradient[], step: number, steps: number): void;
  dispose(): void;
}
