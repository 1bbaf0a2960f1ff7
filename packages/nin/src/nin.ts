/**
 * Network in Network (https://arxiv.org/abs/1312.4400): after each spatial convolution, 1x1 convolutions work as a
 * small multilayer perceptron on every pixel's channels. The last block has one channel for each class, whose mean over
 * the map is the logit: global average pooling where AlexNet and VGG spend most of their parameters on linear layers.
 */
import {
  conv,
  type DropoutOptions,
  dropout,
  globalAvgPool,
  head,
  type Initial,
  type Layer,
  maxPool,
  type NetOptions,
  relu,
  seq,
} from '@cnnzoo/core/family';

/** Options of `ninBlock` and `ninConv`. */
export interface NinBlockOptions {
  /** Pixels between neighbouring windows. Default: 1. */
  stride?: number;
  /** Zeros on each side. Default: 0. */
  padding?: number;
}

const initial: { initial: Initial; biasInitial: Initial } = {
  initial: 'kaiming_normal_fan_out',
  biasInitial: 'zeros',
};

/**
 * Convolution with a bias and the initial values of the family: [n, h, w, c] -> [n, h', w', channels].
 *
 * @example
 * ```ts
 * import { ninConv } from '@cnnzoo/nin';
 *
 * const layer = ninConv(192, 5, { padding: 2 });
 * ```
 */
export const ninConv = (channels: number, kernelSize: number, options: NinBlockOptions = {}): Layer =>
  conv(channels, kernelSize, { ...initial, ...options });

/** A block's layers, to be numbered or named by the net that holds them: ReLU after every convolution. */
export const ninLayers = (
  [spatial, ...perPixel]: readonly [spatial: number, ...perPixel: number[]],
  kernelSize: number,
  options: NinBlockOptions = {},
): Layer[] => [ninConv(spatial, kernelSize, options), relu, ...perPixel.flatMap((width) => [ninConv(width, 1), relu])];

/**
 * A spatial convolution and two 1x1 ones, each followed by ReLU: [n, h, w, c] -> [n, h', w', widths[2]].
 *
 * @example
 * ```ts
 * import { maxPool, seq } from '@cnnzoo/core';
 * import { ninBlock } from '@cnnzoo/nin';
 *
 * const layers = seq([ninBlock([96, 96, 96], 11, { stride: 4 }), maxPool(3, 2)]);
 * ```
 */
export const ninBlock = (
  widths: readonly [spatial: number, hidden: number, out: number],
  kernelSize: number,
  options: NinBlockOptions = {},
): Layer => seq(ninLayers(widths, kernelSize, options));

/** The same width three times, as textbooks have it. */
const even = (width: number): [number, number, number] => [width, width, width];

/** Options of a NiN's builder. */
export type NinOptions = DropoutOptions;

/**
 * The textbook's net for ImageNet's size: images [n, 224, 224, 3] (from 67 px on) -> logits [n, 1000], none below 0.
 *
 * @example
 * ```ts
 * import { buildModel } from '@cnnzoo/core';
 * import { ninImageNet } from '@cnnzoo/nin';
 *
 * buildModel('own', ninImageNet({ numClasses: 10 }), [224, 224, 3]);
 * ```
 */
export const ninImageNet = ({ numClasses, dropout: rate = 0.5 }: NetOptions<NinOptions>): Layer =>
  seq([
    ninBlock(even(96), 11, { stride: 4 }),
    maxPool(3, 2),
    ninBlock(even(256), 5, { padding: 2 }),
    maxPool(3, 2),
    ninBlock(even(384), 3, { padding: 1 }),
    maxPool(3, 2),
    dropout(rate),
    head(numClasses, (classes) => ninBlock(even(classes), 3, { padding: 1 })),
    globalAvgPool,
  ]);
