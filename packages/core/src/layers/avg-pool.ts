import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../options.js';
import { avgPoolKernel, hasKernel } from './kernel-ops.js';
import type { Layer } from './layer.js';
import { applyOwn, type LayerArgs } from './own.js';
import { single } from './parametric.js';
import { Pool2d, type PoolArgs, type PoolOptions } from './pool.js';

export interface AvgPoolOptions extends PoolOptions {
  /** Whether zeros of the padding count in the mean; what ceilMode adds behind it never does. */
  countIncludePad?: boolean;
}

interface AvgPoolArgs extends PoolArgs {
  countIncludePad: boolean;
}

/** Mean of each window, [n, h, w, c] -> [n, h', w', c], as PyTorch takes it. */
export class AvgPool2d extends Pool2d<AvgPoolArgs> {
  static readonly className = 'cnnzoo.AvgPool2d';

  constructor({ kernelSize, stride, padding, ceilMode, countIncludePad, ...rest }: AvgPoolArgs & LayerArgs) {
    super({ kernelSize, stride, padding, ceilMode, countIncludePad }, rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad } = this.args;
    const x = single(inputs) as tf.Tensor4D;
    // The kernel counts all of the padding or none; PyTorch not what ceilMode adds behind a padding that counts.
    if (hasKernel('CnnzooAvgPool') && !(ceilMode && padding > 0 && countIncludePad))
      return avgPoolKernel(x, { ...this.attributes(x), countIncludePad: countIncludePad && padding > 0 });
    return tf.tidy(() => {
      const mean = tf.avgPool(this.padded(x, 0), kernelSize, stride, 'valid');
      const [rows, columns] = [this.counts(x.shape[1], mean.shape[1]), this.counts(x.shape[2], mean.shape[2])];
      if ([...rows, ...columns].every((count) => count === kernelSize)) return mean;
      const share = rows.flatMap((row) => columns.map((column) => kernelSize ** 2 / (row * column)));
      return tf.mul(mean, tf.tensor4d(share, [1, rows.length, columns.length, 1]));
    });
  }

  /** How many pixels of each window count, along one axis. */
  private counts(size: number, out: number): number[] {
    const { kernelSize, stride, padding, countIncludePad } = this.args;
    const [first, end] = countIncludePad ? [-padding, size + padding] : [0, size];
    return Array.from({ length: out }, (_, i) => {
      const start = i * stride - padding;
      return Math.min(start + kernelSize, end) - Math.max(start, first);
    });
  }
}

/** Average pooling over `kernelSize` x `kernelSize` pixels. */
export function avgPool(kernelSize: number, stride = kernelSize, padding = 0, options: AvgPoolOptions = {}): Layer {
  checkOptions('avgPool', options, ['ceilMode', 'countIncludePad']);
  const { ceilMode = false, countIncludePad = true } = options;
  return (x, path) => applyOwn(AvgPool2d, { name: path, kernelSize, stride, padding, ceilMode, countIncludePad }, x);
}
