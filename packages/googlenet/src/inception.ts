/** The block of "Going Deeper with Convolutions" (https://arxiv.org/abs/1409.4842), and what torchvision makes of it. */
import { batchNorm, concat, type Layer, maxPool, relu, sameConv, seq } from '@cnnzoo/core/family';

/** Options of a `Unit`. */
export interface UnitOptions {
  stride?: number;
}

/** A convolution with what follows it, up to its ReLU. */
export type Unit = (channels: number, kernelSize: number, options?: UnitOptions) => Layer;

/** torchvision's: a BatchNorm in the place of the bias. */
export const normed: Unit = (channels, kernelSize, options = {}) =>
  seq({
    conv: sameConv(channels, kernelSize, { ...options, bias: false, initial: 'normal_0.01' }),
    bn: batchNorm({ eps: 1e-3 }),
    relu,
  });

/** The paper's: a bias, and no normalisation. */
export const biased: Unit = (channels, kernelSize, options = {}) =>
  seq({
    conv: sameConv(channels, kernelSize, { ...options, initial: 'xavier_uniform', biasInitial: 'zeros' }),
    relu,
  });

/** Channels of the paths, in the order of the paper's table 1: a 1x1 convolution narrows what the wider ones see. */
export type InceptionWidths = readonly [
  conv1: number,
  reduce3: number,
  conv3: number,
  reduce5: number,
  conv5: number,
  pool: number,
];

/** Options of `inception`. */
export interface InceptionOptions {
  unit?: Unit;
  /** The third path's kernel; torchvision's is 3x3 where the paper has 5x5 (https://github.com/pytorch/vision/issues/906). */
  wideKernel?: 3 | 5;
}

/** Four ways to look at the same map, side by side: [n, h, w, c] -> [n, h, w, conv1 + conv3 + conv5 + pool]. */
export const inception = (
  [conv1, reduce3, conv3, reduce5, conv5, pool]: InceptionWidths,
  { unit = normed, wideKernel = 3 }: InceptionOptions = {},
): Layer =>
  concat({
    branch1: unit(conv1, 1),
    branch2: seq([unit(reduce3, 1), unit(conv3, 3)]),
    branch3: seq([unit(reduce5, 1), unit(conv5, wideKernel)]),
    branch4: seq([maxPool(3, 1, 1), unit(pool, 1)]),
  });
