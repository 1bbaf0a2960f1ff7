import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { currentRandom } from '../util/index.js';
import { checkNumbers, RATE } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';

const RANGES = { rate: RATE };

/**
 * Dropout layer: in training each value is zeroed with probability `rate` and the others are divided by 1 - rate, as in PyTorch;
 * otherwise it returns its input. The mask comes from the run's generator, so that a seed repeats it.
 *
 * @example
 * ```ts
 * import { buildModel, Dropout, dropout, flatten, linear, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([flatten, dropout(0.5), linear(10)]), [28, 28, 1]);
 * for (const layer of model.layers) if (layer instanceof Dropout) layer.trainable = false; // no longer drops
 * ```
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
    // A frozen layer computes the same in training as in inference.
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

/**
 * Zeroes values at random in training (https://jmlr.org/papers/v15/srivastava14a.html): PyTorch's nn.Dropout.
 *
 * @param rate probability of a zero, at least 0 and below 1.
 * @throws CnnzooError INPUT for a `rate` out of range.
 * @example
 * ```ts
 * import { dropout, linear, relu, seq } from '@cnnzoo/core';
 *
 * const layer = seq([linear(4096), relu, dropout(0.5)]);
 * ```
 */
export function dropout(rate: number): Layer {
  checkNumbers('dropout', { rate }, RANGES);
  return (x, path) => applyOwn(Dropout, { name: path, rate }, x);
}
