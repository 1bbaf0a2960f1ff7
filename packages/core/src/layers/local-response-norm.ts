import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { checkOptions, checkPositive } from '../util/index.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs } from './layer.js';
import { single } from './parametric.js';

export interface LocalResponseNormOptions {
  alpha?: number;
  beta?: number;
  k?: number;
}

type LocalResponseNormArgs = Required<LocalResponseNormOptions> & { size: number };

/**
 * Divides each value by (k + alpha / size * sum of squares over `size` neighbouring channels) ^ beta: PyTorch's and
 * Caffe's definition, whose `alpha` is divided by the size. TensorFlow's `localResponseNormalization` and the paper
 * (Krizhevsky et al., 2012) do not divide: there the same layer has alpha / size, and depth_radius (size - 1) / 2.
 * float32 [n, h, w, c], of the same shape.
 */
export class LocalResponseNorm extends layers.Layer {
  static readonly className = 'cnnzoo.LocalResponseNorm';
  readonly args: LocalResponseNormArgs;

  constructor({ size, alpha, beta, k, ...rest }: LocalResponseNormArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { size, alpha, beta, k };
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { size, alpha, beta, k } = this.args;
    return tf.tidy(() => {
      const x = single(inputs) as tf.Tensor4D;
      const channels = x.shape[3];
      // A product with a band of ones, since the wasm backend has no kernel for it. An even window leans to the front.
      const before = Math.floor(size / 2);
      const band = Array.from({ length: channels }, (_, from) =>
        Array.from({ length: channels }, (_, to) => (from >= to - before && from < to - before + size ? 1 : 0)),
      );
      const squares = tf.reshape(tf.square(x), [-1, channels]) as tf.Tensor2D;
      const sums = tf.reshape(tf.matMul(squares, tf.tensor2d(band)), x.shape);
      return tf.div(x, tf.pow(tf.add(tf.mul(sums, alpha / size), k), beta));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** Local response normalisation over `size` channels, with PyTorch's defaults. */
export function localResponseNorm(size: number, options: LocalResponseNormOptions = {}): Layer {
  checkPositive('localResponseNorm', 'a size', size);
  checkOptions('localResponseNorm', options, ['alpha', 'beta', 'k']);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options;
  return (x, path) => applyOwn(LocalResponseNorm, { name: path, size, alpha, beta, k }, x);
}
