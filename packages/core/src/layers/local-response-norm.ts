import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { constant } from '../backend/index.js';
import { checkOptions } from '../util/index.js';
import { COUNT, checkNumbers, FINITE } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { single } from './parametric.js';

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Weight of the sum of squares, before its division by `size`. Default: 1e-4. */
  alpha?: number;
  /** Exponent of the divisor. Default: 0.75. */
  beta?: number;
  /** Term added to the sum. Default: 1. */
  k?: number;
}

type LocalResponseNormArgs = Required<LocalResponseNormOptions> & { size: number };

const RANGES = { size: COUNT, alpha: FINITE, beta: FINITE, k: FINITE };

/**
 * Divides each value by (k + alpha / size * sum of squares over `size` neighbouring channels) ^ beta: PyTorch's and
 * Caffe's definition, whose `alpha` is divided by the size. TensorFlow's `localResponseNormalization` and the paper
 * (Krizhevsky et al., 2012) do not divide: there the same layer has alpha / size, and depth_radius (size - 1) / 2.
 * float32 [n, h, w, c], of the same shape.
 *
 * @example
 * ```ts
 * import { buildModel, conv, LocalResponseNorm, localResponseNorm, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([conv(64, 7), localResponseNorm(5)]), [32, 32, 3]);
 * const norm = model.layers.find((layer) => layer instanceof LocalResponseNorm);
 * ```
 */
export class LocalResponseNorm extends layers.Layer {
  static readonly className = 'cnnzoo.LocalResponseNorm';
  readonly kind = 'local-response-norm' satisfies OwnKind;
  readonly args: LocalResponseNormArgs;

  constructor({ size, alpha, beta, k, ...rest }: LocalResponseNormArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { size, alpha, beta, k };
    checkNumbers(this.name, this.args, RANGES);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { size, alpha, beta, k } = this.args;
    return tf.tidy(() => {
      const x = single(inputs) as tf.Tensor4D;
      const channels = x.shape[3];
      // A product with a band of ones, since the wasm backend has no kernel for it. An even window has one channel more before than after.
      const before = Math.floor(size / 2);
      const band = constant<tf.Tensor2D>(`band ${channels} ${size}`, [channels, channels], () =>
        Float32Array.from({ length: channels * channels }, (_, i) => {
          const [from, to] = [Math.floor(i / channels), i % channels];
          return from >= to - before && from < to - before + size ? 1 : 0;
        }),
      );
      const squares = tf.reshape(tf.square(x), [-1, channels]) as tf.Tensor2D;
      const sums = tf.reshape(tf.matMul(squares, band), x.shape);
      return tf.div(x, tf.pow(tf.add(tf.mul(sums, alpha / size), k), beta));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/**
 * Local response normalisation over `size` neighbouring channels: PyTorch's nn.LocalResponseNorm, with its defaults.
 *
 * @throws CnnzooError INPUT for numbers out of range.
 * @example
 * ```ts
 * import { conv, localResponseNorm, relu, seq } from '@cnnzoo/core';
 *
 * const layer = seq([conv(96, 11, { stride: 4 }), relu, localResponseNorm(5, { k: 2 })]);
 * ```
 */
export function localResponseNorm(size: number, options: LocalResponseNormOptions = {}): Layer {
  checkOptions('localResponseNorm', options, ['alpha', 'beta', 'k']);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  const args = { size, alpha, beta, k };
  checkNumbers('localResponseNorm', args, RANGES);
  return (x, path) => applyOwn(LocalResponseNorm, { name: path, ...args }, x);
}
