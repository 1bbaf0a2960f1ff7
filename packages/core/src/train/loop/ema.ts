import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../../errors.js';
import { modelOf, type Net } from '../../net.js';
import { checkOptions } from '../../options.js';
import { type Slot, slotsOf } from '../../weights/slots.js';
import { loadStateDict, stateDict } from '../../weights/state-dict.js';
import type { StateDict } from '../../weights/tensors.js';
import { findNotFiniteSync } from './finite.js';

export interface EmaOptions {
  /** How much the average keeps at each step, 0 to below 1: 0.999 looks back over some 1000 steps. */
  decay: number;
}

/**
 * The exponential moving average of a net's weights and running statistics (Polyak and Juditsky, 1992, in the form of
 * timm's ModelEmaV2): average += (1 - decay) (value - average), once a step; it begins at the net's values. What never
 * changes in the net never changes here, in not one bit. Owns tensors: dispose of it.
 */
export class Ema {
  private readonly slots: readonly Slot[];
  private readonly averages: readonly tf.Variable[];

  constructor(
    private readonly net: Net,
    private readonly options: EmaOptions,
  ) {
    checkOptions('Ema', options, ['decay']);
    const { decay } = options;
    if (!(decay >= 0 && decay < 1))
      throw new CnnzooError('INPUT', `Ema: expected decay of at least 0 and below 1, received ${decay}.`);
    this.slots = slotsOf(modelOf(net));
    this.averages = this.slots.map(({ variable }) => tf.tidy(() => tf.variable(variable.read().clone(), false)));
  }

  /**
   * Takes the net's values in: after each step.
   * @throws CnnzooError TRAINING if one of them is not finite: no average would ever lose it again.
   */
  update(): void {
    const key = findNotFiniteSync(this.slots.map(({ key, variable }) => ({ key, tensor: variable.read() })));
    if (key !== undefined)
      throw new CnnzooError(
        'TRAINING',
        `Ema: '${key}' of the net is not finite; the average is that of the step before. Lower the learning rate.`,
      );
    tf.tidy(() => {
      for (const [i, { variable }] of this.slots.entries()) {
        const average = this.averages[i]!;
        average.assign(tf.add(average, tf.mul(tf.sub(variable.read(), average), 1 - this.options.decay)));
      }
    });
  }

  /** Runs `work` with the averages in the net, and puts the net's own values back; `work` does not train. */
  async during<T>(work: () => T | Promise<T>): Promise<T> {
    this.swap();
    try {
      return await work();
    } finally {
      this.swap();
    }
  }

  /** The averages as `stateDict` gives a net's weights. */
  state(): StateDict {
    this.swap();
    try {
      return stateDict(this.net);
    } finally {
      this.swap();
    }
  }

  /** Goes on from what `state` gave. */
  async restore(state: StateDict): Promise<void> {
    await this.during(() => loadStateDict(this.net, state));
  }

  dispose(): void {
    tf.dispose([...this.averages]);
  }

  /** Exchanges the averages and the net's values: no copies, the tensors change hands. */
  private swap(): void {
    tf.tidy(() => {
      for (const [i, { variable }] of this.slots.entries()) {
        const own = variable.read().clone();
        variable.write(this.averages[i]!);
        this.averages[i]!.assign(own);
      }
    });
  }
}
