import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { conv2d } from '../ops/index.js';
import { CnnzooError, checkOptions, checkPositive } from '../util/index.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs } from './layer.js';
import { type Initial, Parametric } from './parametric.js';
import { checkWindow, type Extent, outputExtent, pair } from './window.js';

export interface ConvOptions {
  stride?: number | readonly [number, number];
  /** Zeros on each side, rows and columns; half the kernel (same size at stride 1) unless given. */
  padding?: number | readonly [number, number];
  /** Each group of filters sees its own share of the channels only (Krizhevsky et al., 2012); divides both. */
  groups?: number;
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
  groups: number;
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

  constructor(args: Conv2dArgs & LayerArgs) {
    super(layerArgs(args));
    const { filters, kernelSize, stride, padding, groups, bias, initial, biasInitial } = args;
    for (const i of [0, 1] as const)
      checkWindow(this.name, { kernel: kernelSize[i], stride: stride[i], padding: padding[i] });
    this.args = { filters, kernelSize, stride, padding, groups, bias, initial, biasInitial };
  }

  override build(shape: Shape | Shape[]): void {
    const channels = (shape as number[]).at(-1)!;
    const { filters, kernelSize, groups, initial, biasInitial } = this.args;
    if (channels % groups !== 0)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' has ${groups} groups, which don't divide its ${channels} input channels.`,
      );
    const area = kernelSize[0] * kernelSize[1];
    // PyTorch counts the fan out without the groups too: torch.nn.init's of a kernel [out, in / groups, h, w].
    const fans = { fanIn: (area * channels) / groups, fanOut: area * filters };
    this.weight = this.parameter('weight', [...kernelSize, channels / groups, filters], initial, fans);
    if (this.args.bias) this.bias = this.parameter('bias', [filters], biasInitial, fans);
    super.build(shape);
  }

  override computeOutputShape(shape: Shape): Shape {
    const [n, h, w] = shape as [Extent, Extent, Extent];
    const { kernelSize, stride, padding } = this.args;
    const out = (size: Extent, i: 0 | 1) =>
      outputExtent(this.name, size, { kernel: kernelSize[i], stride: stride[i], padding: padding[i] });
    return [n, out(h, 0), out(w, 1), this.args.filters] as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const bias = this.bias?.read() as tf.Tensor1D | undefined;
      const weight = this.weight.read() as tf.Tensor4D;
      const x = this.fitting<tf.Tensor4D>(inputs, weight.shape[2] * this.args.groups, 4);
      return conv2d(x, weight, bias, this.args);
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
  options: ConvOptions = {},
): Layer {
  checkOptions('conv', options, ['stride', 'padding', 'groups', 'bias', 'initial', 'biasInitial']);
  const {
    stride = 1,
    padding,
    groups = 1,
    bias = false,
    initial = 'torch_default',
    biasInitial = 'torch_default',
  } = options;
  const kernel = pair(kernelSize);
  checkPositive('conv', 'a number of filters', filters);
  if (!(Number.isInteger(groups) && groups > 0 && filters % groups === 0))
    throw new CnnzooError('INPUT', `conv: expected groups that divide the ${filters} filters, received ${groups}.`);
  const pads = padding === undefined ? ([kernel[0] >> 1, kernel[1] >> 1] as const) : pair(padding);
  const args = { filters, kernelSize: kernel, stride: pair(stride), padding: pads, groups, bias, initial, biasInitial };
  return (x, path) => applyOwn(Conv2d, { name: path, ...args }, x);
}
