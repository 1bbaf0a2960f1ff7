import type * as tf from '@tensorflow/tfjs-core';
import { avgPool2d } from '../ops/index.js';
import { checkOptions } from '../options.js';
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
    const { padding, countIncludePad } = this.args;
    const x = single(inputs) as tf.Tensor4D;
    // What ceilMode adds after the padding never counts, as in PyTorch.
    const counted = countIncludePad ? padding : 0;
    const sides = [counted, counted] as const;
    return avgPool2d(x, this.windows(x), [sides, sides]);
  }
}

/** Average pooling over `kernelSize` x `kernelSize` pixels. */
export function avgPool(kernelSize: number, stride = kernelSize, padding = 0, options: AvgPoolOptions = {}): Layer {
  checkOptions('avgPool', options, ['ceilMode', 'countIncludePad']);
  const { ceilMode = false, countIncludePad = true } = options;
  return (x, path) => applyOwn(AvgPool2d, { name: path, kernelSize, stride, padding, ceilMode, countIncludePad }, x);
}
