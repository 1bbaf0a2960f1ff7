import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../weights/tensors.js';
import type { Described } from './config.js';

/** A value that is constant, or follows from the step: 0 to `steps` - 1, the steps of the whole run. */
export type Schedule = number | ((step: number, steps: number) => number);

/** A parameter by its state_dict key, and the gradient of the loss by it, of the same shape. */
export interface Gradient {
  readonly key: string;
  readonly variable: Variable;
  readonly gradient: Tensor;
}

/** How weights follow from gradients: a value that holds no tensors. */
export interface Optimizer extends Described {
  /**
   * Begins a run, which owns its state.
   * @param keys the state_dict keys of the net that is trained.
   * @param state what an earlier run's `state` gave, to go on from there.
   * @throws CnnzooError INPUT where a group of parameters is empty, STATE_DICT where the state is not this net's, or
   * another optimizer's.
   */
  start(keys: readonly string[], state?: StateDict): OptimizerRun;
}

/** An optimizer at work: its state lives here, until `dispose`. */
export interface OptimizerRun {
  /** Updates the variables in place on step `step` of `steps`; the gradients stay the caller's. */
  update(gradients: readonly Gradient[], step: number, steps: number): void;
  /**
   * What it keeps of each parameter, float32 in PyTorch's layout, by the parameter's key and PyTorch's name of the
   * tensor: 'fc.weight.momentum_buffer'. Copies: nothing to dispose of.
   */
  state(): StateDict;
  dispose(): void;
}
