/**
 * VGG, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (https://arxiv.org/abs/1409.1556): a net is a
 * list of blocks, a block some 3x3 convolutions and a pooling. Two 3x3 layers see what one 5x5 sees, with 18 instead of
 * 25 weights for each pair of channels and one ReLU more. The variants with BatchNorm are torchvision's.
 *
 * Numbered as torchvision's `nn.Sequential`s are: `features.0`, …, `classifier.6`.
 */
import {
  adaptiveAvgPool,
  conv,
  type DropoutOptions,
  dropout,
  flatten,
  globalAvgPool,
  head,
  type Layer,
  linear,
  maxPool,
  type NetOptions,
  type Norm,
  relu,
  seq,
} from '@cnnzoo/core/family';

/** Options of `vggBlock`. */
export interface VggBlockOptions {
  /** Makes a norm after each convolution, e.g. `batchNorm`. Default: none. */
  norm?: Norm;
}

/** Options of a VGG's builder. */
export type VggOptions = DropoutOptions;

/** Choices that VGG's variants differ in. */
export interface VggConfig extends VggBlockOptions {
  /** Depth and channels of each block; the published nets have five, of 64, 128, 256, 512 and 512 channels. */
  blocks: readonly (readonly [depth: number, channels: number])[];
}

const blockLayers = (depth: number, channels: number, { norm }: VggBlockOptions): Layer[] => [
  ...Array.from({ length: depth }, () => [
    conv(channels, 3, { padding: 1, initial: 'kaiming_normal_fan_out', biasInitial: 'zeros' }),
    ...(norm ? [norm()] : []),
    relu,
  ]).flat(),
  maxPool(2),
];

/**
 * `depth` 3x3 convolutions and a pooling: [n, h, w, c] -> [n, h / 2, w / 2, channels].
 *
 * @example
 * ```ts
 * import { batchNorm, seq } from '@cnnzoo/core';
 * import { vggBlock } from '@cnnzoo/vgg';
 *
 * seq([vggBlock(1, 32), vggBlock(2, 64, { norm: batchNorm })]);
 * ```
 */
export const vggBlock = (depth: number, channels: number, options: VggBlockOptions = {}): Layer =>
  seq(blockLayers(depth, channels, options));

/** One list, not a list of blocks: the published keys count straight through. */
const features = ({ blocks, ...options }: VggConfig): Layer =>
  seq(blocks.flatMap(([depth, channels]) => blockLayers(depth, channels, options)));

const dense = (units: number): Layer => linear(units, { initial: 'normal_0.01', biasInitial: 'zeros' });

/**
 * Images [n, 224, 224, 3] (from 32 px on) -> logits [n, 1000].
 *
 * @example
 * ```ts
 * import { buildModel } from '@cnnzoo/core';
 * import { vgg } from '@cnnzoo/vgg';
 *
 * buildModel('small', vgg({ blocks: [[1, 16], [2, 32]] })({ numClasses: 10 }), [32, 32, 3]);
 * ```
 */
export const vgg =
  (config: VggConfig) =>
  ({ numClasses, dropout: rate = 0.5 }: NetOptions<VggOptions>): Layer =>
    seq({
      features: features(config),
      avgpool: adaptiveAvgPool(7),
      flatten,
      classifier: seq([dense(4096), relu, dropout(rate), dense(4096), relu, dropout(rate), head(numClasses, dense)]),
    });

/** VGG with global average pooling and one linear layer in the place of its classifier. */
export const vggBackbone =
  (config: VggConfig) =>
  ({ numClasses }: NetOptions<VggOptions>): Layer =>
    seq({ features: features(config), avgpool: globalAvgPool, head: head(numClasses, dense) });
