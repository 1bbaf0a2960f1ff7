import type * as tf from '@tensorflow/tfjs-core';
import { maxPool2d } from '../ops/index.js';
import type { Layer } from './layer.js';
import { applyOwn, type LayerArgs } from './own.js';
import { single } from './parametric.js';
import { Pool2d, type PoolArgs, type PoolOptions } from './pool.js';

/** Largest value of each window, [n, h, w, c] -> [n, h', w', c]; the padding counts as -inf, as in PyTorch. */
export class MaxPool2d extends Pool2d<PoolArgs> {
  static readonly className = 'cnnzoo.MaxPool2d';

  constructor({ kernelSize, stride, padding, ceilMode, ...rest }: PoolArgs & LayerArgs) {
    super({ kernelSize, stride, padding, ceilMode }, rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = single(inputs) as tf.Tensor4D;
    return maxPool2d(x, this.windows(x));
  }
}

/** Max pooling over `kernelSize` x `kernelSize` pixels. */
export const maxPool =
  (kernelSize: number, stride = kernelSize, padding = 0, { ceilMode = false }: PoolOptions = {}): Layer =>
  (x, path) =>
    applyOwn(MaxPool2d, { name: path, kernelSize, stride, padding, ceilMode }, x);
