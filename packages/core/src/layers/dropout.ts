import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { currentRandom } from '../util/index.js';
import { checkNumbers, RATE } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';

const RANGES = { rate: RATE };

/**
 * In training each value is zeroed with probability `rate` and the others are divided by 1 - rate, as in PyTorch;
 * otherwise the input passes. The mask comes from the run's generator, so that a seed repeats it.
 */
export class Dropout extends layers.Layer {
  static readonly className = 'cnnzoo.Dropout';
  readonly kind = 'dropout' satisfies OwnKind;
  readonly rate: number;

  constructor({ rate, ...rest }: { rate: number } & LayerArgs) {
    super(layerArgs(rest));
    checkNumbers(this.name, { rate }, RANGES);
    this.rate = rate;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor {
    const x = single(inputs);
    // Frozen, a layer does what it does in inference.
    if (!training || !this.trainable || this.rate === 0) return tf.clone(x);
    const keep = 1 - this.rate;
    const mask = currentRandom().fillUniform(new Float32Array(x.size));
    for (let i = 0; i < mask.length; i++) mask[i] = mask[i]! < keep ? 1 / keep : 0;
    return tf.tidy(() => tf.mul(x, tf.tensor(mask, x.shape)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.rate };
  }
}

/** Dropout (https://jmlr.org/papers/v15/srivastava14a.html) of `rate`, 0 to below 1. */
export function dropout(rate: number): Layer {
  checkNumbers('dropout', { rate }, RANGES);
  return (x, path) => applyOwn(Dropout, { name: path, rate }, x);
}
