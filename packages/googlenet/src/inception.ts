/** The block of "Going Deeper with Convolutions" (https://arxiv.org/abs/1409.4842), in the paper's form and torchvision's. */
import { batchNorm, concat, type Layer, maxPool, relu, sameConv, seq } from '@cnnzoo/core/family';

/** Options of a `Unit`. */
export interface UnitOptions {
  /** Pixels between neighbouring windows. Default: 1. */
  stride?: number;
}

/** Builds a convolution and the layers that follow it, up to its ReLU. */
export type Unit = (channels: number, kernelSize: number, options?: UnitOptions) => Layer;

/**
 * torchvision's unit: convolution, BatchNorm in the place of the bias, ReLU.
 *
 * @example
 * ```ts
 * import { inception, normed } from '@cnnzoo/googlenet';
 *
 * const block = inception([64, 96, 128, 16, 32, 32], { unit: normed });
 * ```
 */
export const normed: Unit = (channels, kernelSize, options = {}) =>
  seq({
    conv: sameConv(channels, kernelSize, { ...options, bias: false, initial: 'normal_0.01' }),
    bn: batchNorm({ eps: 1e-3 }),
    relu,
  });

/**
 * The paper's unit: convolution with a bias, ReLU, and no normalisation.
 *
 * @example
 * ```ts
 * import { biased, inception } from '@cnnzoo/googlenet';
 *
 * const block = inception([64, 96, 128, 16, 32, 32], { unit: biased, wideKernel: 5 });
 * ```
 */
export const biased: Unit = (channels, kernelSize, options = {}) =>
  seq({
    conv: sameConv(channels, kernelSize, { ...options, initial: 'xavier_uniform', biasInitial: 'zeros' }),
    relu,
  });

/** Channels of the branches, in the order of the paper's table 1: a 1x1 convolution (`reduce`) narrows the input of a wider one. */
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
  /** Convolution of each branch. Default: `normed`. */
  unit?: Unit;
  /** Kernel of the third branch: 5 in the paper, 3 in torchvision (https://github.com/pytorch/vision/issues/906). Default: 3. */
  wideKernel?: 3 | 5;
}

/**
 * Four branches on one map, concatenated: [n, h, w, c] -> [n, h, w, conv1 + conv3 + conv5 + pool].
 *
 * @example
 * ```ts
 * import { inception } from '@cnnzoo/googlenet';
 *
 * const block = inception([64, 96, 128, 16, 32, 32]); // [n, 28, 28, 192] -> [n, 28, 28, 256]
 * ```
 */
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
