import type { PoolAttributes } from '@cnnzoo/kernels';
import type * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import { type LayerArgs, layerArgs } from './own.js';
import { checkWindow, type Extent, outputExtent, padAfter, type Window } from './window.js';

export interface PoolOptions {
  /** Keeps a last window that sticks out behind the input, for height and width each by its own remainder. */
  ceilMode?: boolean;
}

export interface PoolArgs {
  kernelSize: number;
  stride: number;
  padding: number;
  ceilMode: boolean;
}

export abstract class Pool2d<Args extends PoolArgs> extends layers.Layer {
  constructor(
    readonly args: Args,
    rest: LayerArgs,
  ) {
    super(layerArgs(rest));
    const { kernelSize, padding } = args;
    checkWindow(this.name, this.window);
    if (2 * padding > kernelSize)
      throw new CnnzooError(
        'INPUT',
        `Layer '${this.name}': expected a padding of at most half the window of ${kernelSize}, received ${padding}.`,
      );
  }

  protected get window(): Window {
    const { kernelSize: kernel, ...rest } = this.args;
    return { kernel, ...rest };
  }

  override computeOutputShape(shape: Shape): Shape {
    const [n, h, w, c] = shape as [Extent, Extent, Extent, number];
    const out = (size: Extent) => outputExtent(this.name, size, this.window);
    return [n, out(h), out(w), c] as Shape;
  }

  /** The windows over an input [n, h, w, c], with the padding that they need around it. */
  protected windows(x: tf.Tensor4D): PoolAttributes {
    const { kernelSize, stride, padding } = this.args;
    const [, h, w] = this.computeOutputShape(x.shape) as number[];
    return {
      kernelSize: [kernelSize, kernelSize],
      stride: [stride, stride],
      padding: [
        [padding, padAfter(x.shape[1], h!, this.window)],
        [padding, padAfter(x.shape[2], w!, this.window)],
      ],
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}
