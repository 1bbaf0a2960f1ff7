/**
 * VGG, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (https://arxiv.org/abs/1409.1556): a net is a
 * list of blocks, a block some 3x3 convolutions and a pooling. Two 3x3 layers see what one 5x5 sees, with 18 instead of
 * 25 weights for each pair of channels and one ReLU more. The variants with BatchNorm are torchvision's.
 *
 * Numbered as torchvision's `nn.Sequential`s are: `features.0`, …, `classifier.6`.
 */
import {
  adaptiveAvgPool,
  batchNorm,
  conv,
  type DropoutOptions,
  defineModel,
  dropout,
  flatten,
  globalAvgPool,
  head,
  type Layer,
  linear,
  type ModelDefinition,
  maxPool,
  relu,
  seq,
  type WeightsTable,
} from '@cnnzoo/core';

export interface BlockOptions {
  /** A BatchNorm behind each convolution. */
  norm?: boolean;
}

const blockLayers = (depth: number, channels: number, { norm = false }: BlockOptions): Layer[] => [
  ...Array.from({ length: depth }, () => [
    conv(channels, 3, { padding: 1, initial: 'kaiming_normal_fan_out', biasInitial: 'zeros' }),
    ...(norm ? [batchNorm()] : []),
    relu,
  ]).flat(),
  maxPool(2),
];

/** `depth` 3x3 convolutions and a pooling: [n, h, w, c] -> [n, h / 2, w / 2, channels]. */
export const vggBlock = (depth: number, channels: number, options: BlockOptions = {}): Layer =>
  seq(blockLayers(depth, channels, options));

/** One row of the family's table. */
export interface VggConfig extends BlockOptions {
  /** Depth and channels of each block; the published nets have five, of 64, 128, 256, 512 and 512 channels. */
  blocks: readonly (readonly [depth: number, channels: number])[];
}

const dense = (units: number): Layer => linear(units, { initial: 'normal_0.01', biasInitial: 'zeros' });

/** Images [n, 224, 224, 3] (from 32 px on) -> logits [n, 1000]. */
export function vgg<Names extends string>(
  name: string,
  { blocks, norm = false }: VggConfig,
  weights: WeightsTable<Names>,
): ModelDefinition<DropoutOptions, Names> {
  // One list, not a list of blocks: the published keys count straight through.
  const features = seq(blocks.flatMap(([depth, channels]) => blockLayers(depth, channels, { norm })));
  return defineModel({
    name,
    head: 'classifier.6',
    inputShape: [224, 224, 3],
    numClasses: 1000,
    weights,
    net: ({ numClasses, dropout: rate = 0.5 }) =>
      seq({
        features,
        avgpool: adaptiveAvgPool(7),
        flatten,
        classifier: seq([dense(4096), relu, dropout(rate), dense(4096), relu, dropout(rate), head(numClasses, dense)]),
      }),
    backbone: {
      replaces: 'classifier',
      head: 'head',
      net: ({ numClasses }) => seq({ features, avgpool: globalAvgPool, head: head(numClasses, dense) }),
    },
    // timm's copies hold the hidden linear layers as convolutions over the whole 7x7 map.
    renamed: { 'pre_logits.fc1': 'classifier.0', 'pre_logits.fc2': 'classifier.3', 'head.fc': 'classifier.6' },
  });
}
