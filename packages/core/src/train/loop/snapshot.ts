import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Slot, weightsOf } from '../../weights/slots.js';
import type { Named } from './checks.js';

interface Kept extends Slot {
  /** Shares the variable's memory until the variable is written. */
  readonly value: tf.Tensor;
}

/**
 * Weights that no optimizer updates, as they were before a step: a forward pass in training mode writes BatchNorm's
 * running statistics. Owns tensors, which copy nothing, until `dispose` or `restore`.
 */
export class StatisticsSnapshot {
  private readonly kept: readonly Kept[];

  constructor(model: LayersModel) {
    const trainable = new Set(model.trainableWeights);
    this.kept = weightsOf(model)
      .filter(({ variable }) => !trainable.has(variable))
      .map((slot) => ({ ...slot, value: tf.clone(slot.variable.read()) }));
  }

  /** The values that passes have written since, each by its quoted key. */
  get written(): Named[] {
    return this.kept.flatMap(({ key, variable, value }) => {
      const tensor = variable.read();
      return tensor.dataId === value.dataId ? [] : [{ key: `'${key}'`, tensor }];
    });
  }

  /** Leaves the net with the values that passes have written. */
  dispose(): void {
    tf.dispose(this.kept.map(({ value }) => value));
  }

  /** Takes back the values that passes have written. */
  restore(): void {
    for (const { variable, value } of this.kept) if (variable.read().dataId !== value.dataId) variable.write(value);
    this.dispose();
  }
}
