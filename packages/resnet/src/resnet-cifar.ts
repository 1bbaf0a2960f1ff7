/**
 * ResNet for CIFAR-10 (https://arxiv.org/abs/1512.03385, section 4.2): 6 n + 2 layers in three stages of n basic blocks,
 * of 16, 32 and 64 channels, without a pooling before them. Its shortcuts have no parameters (option A): where a block
 * halves the resolution they take every other pixel, and the channels that are missing are zeros, behind the others as in
 * the authors' https://github.com/facebookarchive/fb.resnet.torch.
 */
import {
  avgPool,
  type BuildOptions,
  batchNorm,
  conv,
  defineModel,
  globalAvgPool,
  head,
  type Layer,
  type ModelDefinition,
  padChannels,
  relu,
  seq,
  type WeightsTable,
} from '@cnnzoo/core';
import { basicBlock } from './resnet.js';

const subsample = (channels: number, stride: number): Layer => seq([avgPool(1, stride), padChannels(channels)]);

/** Images [n, 32, 32, 3] -> logits [n, 10]; `depth` blocks in each stage. */
export function resnetCifar<Names extends string>(
  name: string,
  depth: number,
  weights: WeightsTable<Names>,
): ModelDefinition<BuildOptions, Names> {
  const stage = (i: 0 | 1 | 2): Layer =>
    seq(
      Array.from({ length: depth }, (_, j) =>
        basicBlock(16 * 2 ** i, { stride: i > 0 && j === 0 ? 2 : 1, project: subsample }),
      ),
    );
  return defineModel({
    name,
    head: 'fc',
    inputShape: [32, 32, 3],
    numClasses: 10,
    weights,
    net: ({ numClasses }) =>
      seq({
        conv1: conv(16, 3, { initial: 'kaiming_normal_fan_out' }),
        bn1: batchNorm(),
        relu,
        layer1: stage(0),
        layer2: stage(1),
        layer3: stage(2),
        avgpool: globalAvgPool,
        fc: head(numClasses),
      }),
  });
}
