import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { conv2d } from '../ops/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { COUNT, checkFlags, checkNumbers, PADDING, PIXELS, unexpected } from './check-numbers.js';
import { applyOwn, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { checkInitial, type Initial, initialOf, nameOf, Parametric } from './parametric.js';
import { type Extent, outputExtent, pair } from './window.js';

/** Options of `sameConv`. */
export interface SameConvOptions {
  /** Pixels between neighbouring windows: rows, columns. Default: 1. */
  stride?: number | readonly [number, number];
  /** Pixels between neighbours under a window (Yu and Koltun, https://arxiv.org/abs/1511.07122). Default: 1. */
  dilation?: number | readonly [number, number];
  /** Number of groups that channels and filters are split into, each on its own (Krizhevsky et al., 2012). Default: 1. */
  groups?: number;
  /** Adds a bias to each filter. Default: true. */
  bias?: boolean;
  /** Initial values of the weight. Default: 'torch_default', as nn.Conv2d. */
  initial?: Initial;
  /** Initial values of the bias. Default: 'torch_default', as nn.Conv2d. */
  biasInitial?: Initial;
}

/** Options of `conv`. */
export interface ConvOptions extends SameConvOptions {
  /** Zeros on each side: rows, columns. Default: 0. */
  padding?: number | readonly [number, number];
}

interface Conv2dArgs {
  filters: number;
  kernelSize: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  dilation: readonly [number, number];
  groups: number;
  bias: boolean;
  initial: Initial;
  biasInitial: Initial;
}

const WINDOW = { kernelSize: PIXELS, stride: PIXELS, dilation: PIXELS, padding: PADDING };

/** @param layer its builder's name, or its path in the net. */
function checkConv(layer: string, { kernelSize, stride, dilation, padding, ...args }: Conv2dArgs): void {
  checkNumbers(layer, args, { filters: COUNT, groups: COUNT });
  for (const i of [0, 1] as const)
    checkNumbers(
      layer,
      { kernelSize: kernelSize[i], stride: stride[i], dilation: dilation[i], padding: padding[i] },
      WINDOW,
    );
  const { filters, groups, bias, initial, biasInitial } = args;
  if (filters % groups !== 0)
    throw new CnnzooError(
      'INPUT',
      `Layer '${layer}': expected groups that divide the ${filters} filters, received ${groups}.`,
    );
  checkFlags(layer, { bias });
  checkInitial(layer, { initial, biasInitial });
}

/** Conv2d as a saved net describes it: `dilation` is absent if it is 1. */
type DescribedConv2d = Omit<Conv2dArgs, 'dilation'> & { dilation?: Conv2dArgs['dilation'] };

/**
 * Convolution with the meaning of PyTorch's nn.Conv2d, without `padding_mode`: float32 [n, h, w, c] -> [n, h', w', filters],
 * h' = floor((h + 2p - d (k - 1) - 1) / s) + 1, padded with zeros on both sides alike. (TensorFlow's 'same' pads a layer of
 * stride 2 on one side only.)
 *
 * @example
 * ```ts
 * import { buildModel, Conv2d, conv, seq } from '@cnnzoo/core';
 *
 * const model = buildModel('own', seq([conv(16, 3, { stride: 2 })]), [32, 32, 3]);
 * for (const layer of model.layers) if (layer instanceof Conv2d) console.log(layer.name, layer.args.stride);
 * ```
 */
export class Conv2d extends Parametric {
  static readonly className: string = 'cnnzoo.Conv2d';
  readonly kind = 'conv' satisfies OwnKind;
  readonly args: Conv2dArgs;
  protected weight!: LayerVariable;
  protected bias: LayerVariable | undefined;

  constructor(args: DescribedConv2d & LayerArgs) {
    super(layerArgs(args));
    const { filters, kernelSize, stride, padding, dilation = [1, 1], groups, bias } = args;
    const initials = { initial: initialOf(args.initial), biasInitial: initialOf(args.biasInitial) };
    this.args = { filters, kernelSize, stride, padding, dilation, groups, bias, ...initials };
    checkConv(this.name, this.args);
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
    const { kernelSize, stride, padding, dilation } = this.args;
    const out = (size: Extent, i: 0 | 1) =>
      outputExtent(this.name, size, {
        kernel: kernelSize[i],
        stride: stride[i],
        padding: padding[i],
        dilation: dilation[i],
      });
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
    const { kernelSize, stride, padding, dilation, initial, biasInitial, ...rest } = this.args;
    return {
      ...super.getConfig(),
      ...rest,
      kernelSize: [...kernelSize],
      stride: [...stride],
      padding: [...padding],
      // Older files have no dilation; a net without one still gives the same file.
      ...(dilation.some((pixels) => pixels > 1) && { dilation: [...dilation] }),
      initial: nameOf(initial),
      biasInitial: nameOf(biasInitial),
    };
  }
}

const SAME_CONV_OPTIONS = ['stride', 'dilation', 'groups', 'bias', 'initial', 'biasInitial'];

/** @param builder its name, for messages. */
function makeConv(
  builder: string,
  filters: number,
  kernelSize: Conv2dArgs['kernelSize'],
  padding: Conv2dArgs['padding'],
  options: SameConvOptions,
): Layer {
  const { stride = 1, dilation = 1, groups = 1, bias = true } = options;
  const { initial = 'torch_default', biasInitial = 'torch_default' } = options;
  const places = { kernelSize, stride: pair(stride), dilation: pair(dilation), padding };
  const args = { filters, ...places, groups, bias, initial, biasInitial };
  checkConv(builder, args);
  return (x, path) => applyOwn(Conv2d, { name: path, ...args }, x);
}

/**
 * Convolution of a [n, h, w, c] map with `filters` kernels: PyTorch's nn.Conv2d, with its defaults.
 *
 * @param kernelSize pixels, or [height, width].
 * @throws CnnzooError INPUT for numbers out of range.
 * @example
 * ```ts
 * import { conv } from '@cnnzoo/core';
 * conv(64, 7, { stride: 2, padding: 3, bias: false }); // [n, 224, 224, 3] -> [n, 112, 112, 64]
 * ```
 */
export function conv(
  filters: number,
  kernelSize: number | readonly [number, number],
  options: ConvOptions = {},
): Layer {
  checkOptions('conv', options, [...SAME_CONV_OPTIONS, 'padding']);
  const { padding = 0, ...rest } = options;
  return makeConv('conv', filters, pair(kernelSize), pair(padding), rest);
}

/**
 * Convolution padded by half its kernel, so that stride 1 keeps height and width, and stride 2 halves them, rounded up:
 * `conv` with a padding of d (k - 1) / 2.
 *
 * @param kernelSize odd: half of an even one is not the same on both sides.
 * @throws CnnzooError INPUT for an even kernel, and for what `conv` refuses.
 * @example
 * ```ts
 * import { sameConv } from '@cnnzoo/core';
 * sameConv(64, 3, { stride: 2, bias: false }); // [n, 56, 56, c] -> [n, 28, 28, 64]
 * ```
 */
export function sameConv(
  filters: number,
  kernelSize: number | readonly [number, number],
  options: SameConvOptions = {},
): Layer {
  checkOptions('sameConv', options, SAME_CONV_OPTIONS);
  const [kernel, [rows, columns]] = [pair(kernelSize), pair(options.dilation ?? 1)];
  if (kernel.some((pixels) => pixels % 2 === 0))
    throw unexpected(
      'sameConv',
      'an odd number of pixels (for an even one use conv, with a padding)',
      'kernelSize',
      kernelSize,
    );
  const padding = [(rows * (kernel[0] - 1)) / 2, (columns * (kernel[1] - 1)) / 2] as const;
  return makeConv('sameConv', filters, kernel, padding, options);
}
