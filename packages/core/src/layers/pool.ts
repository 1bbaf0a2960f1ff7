import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { apply, type Layer } from './layer.js';
import { type LayerArgs, layerArgs, single } from './parametric.js';
import { type Extent, outputExtent } from './window.js';

interface PoolArgs {
  kernelSize: number;
  stride: number;
  padding: number;
}

abstract class Pool2d extends layers.Layer {
  readonly args: PoolArgs;

  constructor({ kernelSize, stride, padding, ...rest }: PoolArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { kernelSize, stride, padding };
  }

  override computeOutputShape(shape: Shape): Shape {
    const [n, h, w, c] = shape as [Extent, Extent, Extent, number];
    const { kernelSize, stride, padding } = this.args;
    const out = (size: Extent) => outputExtent(this.name, size, kernelSize, stride, padding);
    return [n, out(h), out(w), c] as Shape;
  }

  protected padded(x: tf.Tensor4D, value: number): tf.Tensor4D {
    const { padding: p } = this.args;
    if (p === 0) return x;
    return tf.pad(
      x,
      [
        [0, 0],
        [p, p],
        [p, p],
        [0, 0],
      ],
      value,
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}

/** Largest value of each window, [n, h, w, c] -> [n, h', w', c]; the padding counts as -inf, as in PyTorch. */
export class MaxPool2d extends Pool2d {
  static readonly className = 'cnnzoo.MaxPool2d';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { kernelSize, stride } = this.args;
    // Padded by hand: tfjs-node takes no explicit padding, and the wasm backend's gradient is wrong with any.
    return tf.tidy(() =>
      tf.maxPool(this.padded(single(inputs) as tf.Tensor4D, -Infinity), kernelSize, stride, 'valid'),
    );
  }
}

/** Mean of each window, [n, h, w, c] -> [n, h', w', c]; padding counts as zeros and is counted, as in PyTorch. */
export class AvgPool2d extends Pool2d {
  static readonly className = 'cnnzoo.AvgPool2d';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { kernelSize, stride } = this.args;
    return tf.tidy(() => tf.avgPool(this.padded(single(inputs) as tf.Tensor4D, 0), kernelSize, stride, 'valid'));
  }
}

/** Max pooling over `kernelSize` x `kernelSize` pixels. */
export const maxPool =
  (kernelSize: number, stride = kernelSize, padding = 0): Layer =>
  (x, path) =>
    apply(new MaxPool2d({ name: path, kernelSize, stride, padding }), x);

/** Average pooling over `kernelSize` x `kernelSize` pixels. */
export const avgPool =
  (kernelSize: number, stride = kernelSize, padding = 0): Layer =>
  (x, path) =>
    apply(new AvgPool2d({ name: path, kernelSize, stride, padding }), x);

/** Mean over the whole map: [n, h, w, c] -> [n, c] (Lin et al., https://arxiv.org/abs/1312.4400, section 3.2). */
export const globalAvgPool: Layer = (x, path) => apply(layers.globalAveragePooling2d({ name: path }), x);
