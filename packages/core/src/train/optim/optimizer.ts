import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../checkpoint/index.js';
import { idlePrefix, matches, type ParameterMatch } from '../../graph/late.js';
import { CnnzooError, checkOptions } from '../../util/index.js';
import type { Described } from './config.js';

/**
 * A value that is constant, or a function of the step: `step` counts from 0 to `steps` - 1, the steps of the whole run.
 *
 * @example
 * ```ts
 * import { type Schedule, sgd } from '@cnnzoo/core/train';
 *
 * const halfway: Schedule = (step, steps) => (step < steps / 2 ? 0.1 : 0.01);
 * const optimizer = sgd({ lr: halfway });
 * ```
 */
export type Schedule = number | ((step: number, steps: number) => number);

/** A parameter with its gradient. */
export interface Gradient {
  /** The parameter's state_dict key. */
  readonly key: string;
  /** The parameter. */
  readonly variable: Variable;
  /** The gradient of the loss by the parameter, float32 of the parameter's shape. */
  readonly gradient: Tensor;
}

/** A rule that turns gradients into new weights. Holds no tensors: `start` begins a run, which does. */
export interface Optimizer extends Described {
  /**
   * Begins a run.
   * @param keys the state_dict keys of the net that is trained.
   * @param state the result of an earlier run's `state`, to continue from there. Default: no state, as at a first step.
   * @returns a run that the caller disposes of.
   * @throws CnnzooError INPUT if a group of parameters is empty; STATE_DICT if the state belongs to another net or
   * another optimizer.
   */
  start(keys: readonly string[], state?: StateDict): OptimizerRun;
}

/** One run of an optimizer. Owns the state's tensors until `dispose`. */
export interface OptimizerRun {
  /**
   * Updates the variables in place. The gradients stay the caller's.
   * @param gradients one for each parameter to update.
   * @param step number of the step, from 0.
   * @param steps number of steps of the whole run, for schedules.
   */
  update(gradients: readonly Gradient[], step: number, steps: number): void;
  /**
   * Reads a copy of the optimizer's state at the time of the call: float32 tensors in PyTorch's layout. A key is the
   * parameter's key and PyTorch's name of the tensor, such as 'fc.weight.momentum_buffer'.
   */
  state(): Promise<StateDict>;
  /** Frees the state's tensors. */
  dispose(): void;
}

/** Parameters with settings of their own. A setting left out is the optimizer's. */
export interface ParameterGroup {
  /** The parameters: state_dict prefixes, or a predicate on state_dict keys. */
  readonly match: ParameterMatch;
  /** Learning rate, at least 0. */
  readonly lr?: Schedule;
  /** Weight decay, at least 0. */
  readonly weightDecay?: number;
}

/** Options that every optimizer takes. */
export interface OptimizerOptions {
  /** Learning rate, at least 0: a number, or a function of the step such as `cosine(0.1)`. */
  lr: Schedule;
  /** Weight decay, at least 0. Its rule is the optimizer's. */
  weightDecay?: number;
  /**
   * Applies weight decay to weights of rank 0 and 1 too, which are the norms' weights and all biases, as PyTorch does.
   * @defaultValue true
   */
  decayNormsAndBiases?: boolean;
  /**
   * Parameters with settings of their own. A parameter belongs to the first group that matches it.
   * @defaultValue []
   */
  groups?: readonly ParameterGroup[];
}

/** Refuses an optimizer's option that is out of its range. */
export function checkOption(optimizer: string, name: string, value: number, ok: boolean, expected: string): void {
  if (ok && Number.isFinite(value)) return;
  throw new CnnzooError('INPUT', `${optimizer}: expected ${name} ${expected}, received ${value}.`);
}

/**
 * Refuses options that an optimizer, or a group of its parameters, does not have.
 * @param own names of the options that this optimizer has beside `OptimizerOptions`.
 */
export function checkOptimizer(optimizer: string, options: OptimizerOptions, own: readonly string[]): void {
  checkOptions(optimizer, options ?? null, ['lr', 'weightDecay', 'decayNormsAndBiases', 'groups', ...own]);
  for (const group of options.groups ?? [])
    checkOptions(`${optimizer}, a group of parameters`, group, ['match', 'lr', 'weightDecay']);
}

/** Settings of an optimizer's parameters, group by group. The last group holds the parameters that no other matches. */
export class ParameterGroups {
  private readonly groups: readonly Required<ParameterGroup>[];

  /** @param optimizer the optimizer's name, for messages. */
  constructor(
    private readonly optimizer: string,
    { lr, weightDecay = 0, groups = [] }: OptimizerOptions,
  ) {
    this.groups = [...groups, { match: () => true }].map((group) => ({ lr, weightDecay, ...group }));
    for (const { lr, weightDecay } of this.groups) {
      checkOption(optimizer, 'weightDecay', weightDecay, weightDecay >= 0, 'of at least 0');
      if (typeof lr === 'number') this.checkRate(lr, 'a learning rate');
    }
  }

  /** Refuses groups that match no key of a net: their settings would have no effect, and nobody would know. */
  checkAgainst(keys: readonly string[]): void {
    for (const { match } of this.groups.slice(0, -1)) {
      const idle = idlePrefix(match, keys);
      if (idle !== undefined || !keys.some((key) => matches(match, key)))
        throw new CnnzooError(
          'INPUT',
          `${this.optimizer}: no parameter belongs to the group of ${JSON.stringify(idle ?? match) ?? match}. ` +
            `Expected state_dict prefixes of this net, whose keys are ${keys.slice(0, 3).join(', ')}, … ${keys.at(-1)}.`,
        );
    }
  }

  /** Returns the index of a parameter's group. */
  indexOf(key: string): number {
    return this.groups.findIndex(({ match }) => matches(match, key));
  }

  /** Returns the weight decay of a group, by index. */
  weightDecay(group: number): number {
    return this.groups[group]!.weightDecay;
  }

  /** Returns the learning rate of each group at a step. */
  rates(step: number, steps: number): number[] {
    return this.groups.map(({ lr }) => {
      const rate = typeof lr === 'function' ? lr(step, steps) : lr;
      this.checkRate(rate, `a learning rate at step ${step}`);
      return rate;
    });
  }

  private checkRate(rate: number, name: string): void {
    checkOption(this.optimizer, name, rate, rate >= 0, 'of at least 0');
  }
}
