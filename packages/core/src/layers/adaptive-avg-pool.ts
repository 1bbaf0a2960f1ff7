import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkPositive } from './check-positive.js';
import type { Layer } from './layer.js';
import { applyOwn, type LayerArgs, layerArgs } from './own.js';
import { single } from './parametric.js';

interface AdaptiveArgs {
  outputSize: number;
}

/** Row i holds the share of each of `size` inputs in output i, the mean over floor(i size / out) … ceil((i + 1) size / out). */
export function adaptiveShares(size: number, out: number): number[][] {
  return Array.from({ length: out }, (_, i) => {
    const [start, end] = [Math.floor((i * size) / out), Math.ceil(((i + 1) * size) / out)];
    return Array.from({ length: size }, (_, j) => (j >= start && j < end ? 1 / (end - start) : 0));
  });
}

/**
 * Mean over windows that cover the input whatever its size: [n, h, w, c] -> [n, out, out, c]. As in PyTorch (ATen's
 * AdaptivePooling.h), neighbouring windows overlap where the sizes don't divide, and values repeat where the input is
 * smaller than the output.
 */
export class AdaptiveAvgPool2d extends layers.Layer {
  static readonly className = 'cnnzoo.AdaptiveAvgPool2d';
  readonly args: AdaptiveArgs;

  constructor({ outputSize, ...rest }: AdaptiveArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { outputSize };
  }

  override computeOutputShape([n, , , c]: Shape): Shape {
    const { outputSize } = this.args;
    return [n, outputSize, outputSize, c] as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { outputSize: out } = this.args;
    const x = single(inputs) as tf.Tensor4D;
    const [n, h, w, c] = x.shape;
    if (h === out && w === out) return tf.clone(x);
    return tf.tidy(() => {
      // One axis after the other, each a product with the shares.
      const rows = tf.matMul(tf.tensor3d([adaptiveShares(h, out)]), tf.reshape(x, [n, h, w * c]));
      const both = tf.matMul(tf.tensor3d([adaptiveShares(w, out)]), tf.reshape(rows, [n * out, w, c]));
      return tf.reshape(both, [n, out, out, c]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** Average pooling to `outputSize` x `outputSize` pixels from any size. */
export function adaptiveAvgPool(outputSize: number): Layer {
  checkPositive('adaptiveAvgPool', 'an output size', outputSize);
  return (x, path) => applyOwn(AdaptiveAvgPool2d, { name: path, outputSize }, x);
}
