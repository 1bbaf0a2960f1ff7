import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import type { PoolAttributes } from './kernel-ops.js';
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

  /** What the windows need around an input [n, h, w, c]: [[top, bottom], [left, right]]. */
  protected paddingOf(x: tf.Tensor4D): readonly [[number, number], [number, number]] {
    const { padding } = this.args;
    const [, h, w] = this.computeOutputShape(x.shape) as number[];
    return [
      [padding, padAfter(x.shape[1], h!, this.window)],
      [padding, padAfter(x.shape[2], w!, this.window)],
    ];
  }

  /** By hand: tfjs-node takes no explicit padding. */
  protected padded(x: tf.Tensor4D, value: number): tf.Tensor4D {
    const [rows, columns] = this.paddingOf(x);
    if ([...rows, ...columns].every((pixels) => pixels === 0)) return x;
    return tf.pad(x, [[0, 0], rows, columns, [0, 0]], value);
  }

  /** Of the kernels that pad by themselves. */
  protected attributes(x: tf.Tensor4D): PoolAttributes {
    const { kernelSize, stride } = this.args;
    return { kernelSize: [kernelSize, kernelSize], stride: [stride, stride], padding: this.paddingOf(x) };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.args };
  }
}
