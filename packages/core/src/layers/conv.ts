import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';
import { convolve } from './convolve.js';
import type { Initial } from './initial.js';
import { apply, type Layer } from './layer.js';
import { type LayerArgs, layerArgs, Parametric, single } from './parametric.js';
import { type Extent, outputExtent, pair } from './window.js';

export interface ConvOptions {
  stride?: number | readonly [number, number];
  /** Zeros on each side, rows and columns; half the kernel (same size at stride 1) unless given. */
  padding?: number | readonly [number, number];
  bias?: boolean;
  initial?: Initial;
  /** The bias' initial values: PyTorch's default where not given. */
  biasInitial?: Initial;
}

interface Conv2dArgs {
  filters: number;
  kernelSize: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  bias: boolean;
  initial: Initial;
  biasInitial: Initial;
}

/**
 * Convolution with PyTorch's meaning: float32 [n, h, w, c] -> [n, h', w', filters], h' = floor((h + 2p - k) / s) + 1,
 * padded on both sides alike (TensorFlow's 'same' pads a stride-2 layer on one side only).
 */
export class Conv2d extends Parametric {
  static readonly className = 'cnnzoo.Conv2d';
  readonly args: Conv2dArgs;
  private weight!: LayerVariable;
  private bias: LayerVariable | undefined;

  constructor({ filters, kernelSize, stride, padding, bias, initial, biasInitial, ...rest }: Conv2dArgs & LayerArgs) {
    super(layerArgs(rest));
    this.args = { filters, kernelSize, stride, padding, bias, initial, biasInitial };
  }

  override build(shape: Shape | Shape[]): void {
    const channels = (shape as number[]).at(-1)!;
    const { filters, kernelSize, initial, biasInitial } = this.args;
    const area = kernelSize[0] * kernelSize[1];
    const fans = { fanIn: area * channels, fanOut: area * filters };
    this.weight = this.parameter('weight', [...kernelSize, channels, filters], initial, fans);
    if (this.args.bias) this.bias = this.parameter('bias', [filters], biasInitial, fans);
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    const [n, h, w] = shape as [Extent, Extent, Extent];
    const { kernelSize, stride, padding } = this.args;
    const out = (size: Extent, i: 0 | 1) => outputExtent(this.name, size, kernelSize[i], stride[i], padding[i]);
    return [n, out(h, 0), out(w, 1), this.args.filters] as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const y = convolve(single(inputs) as tf.Tensor4D, this.weight.read() as tf.Tensor4D, this.args);
      return this.bias ? tf.add(y, this.bias.read()) : y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, stride, padding, ...rest } = this.args;
    return { ...super.getConfig(), ...rest, kernelSize: [...kernelSize], stride: [...stride], padding: [...padding] };
  }
}

/** Convolution with `filters` kernels of `kernelSize` x `kernelSize` (or [height, width]) pixels. */
export function conv(
  filters: number,
  kernelSize: number | readonly [number, number],
  { stride = 1, padding, bias = false, initial = 'torch_default', biasInitial = 'torch_default' }: ConvOptions = {},
): Layer {
  const kernel = pair(kernelSize);
  if (!(Number.isInteger(filters) && filters > 0))
    throw new CnnzooError('INPUT', `conv: expected a positive whole number of filters, received ${filters}.`);
  const pads = padding === undefined ? ([kernel[0] >> 1, kernel[1] >> 1] as const) : pair(padding);
  const args = { filters, kernelSize: kernel, stride: pair(stride), padding: pads, bias, initial, biasInitial };
  return (x, path) => apply(new Conv2d({ name: path, ...args }), x);
}
