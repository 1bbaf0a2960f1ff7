/**
 * ResNet for CIFAR-10 (https://arxiv.org/abs/1512.03385, section 4.2): 6 n + 2 layers in three stages of n basic blocks,
 * of 16, 32 and 64 channels, without a pooling before them. Its shortcuts have no parameters (option A): a block that
 * halves the resolution takes every other pixel, and adds channels of zeros, half of them before and half of them after
 * its input's, as https://github.com/akamaster/pytorch_resnet_cifar10 does and the checkpoints that were trained with it
 * expect. (The authors' https://github.com/facebookarchive/fb.resnet.torch adds all of them after.)
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

/** Every other pixel, and a quarter of the new width as zeros on both sides of the channels. */
const subsample = (channels: number, stride: number): Layer =>
  seq([avgPool(1, stride), padChannels(channels, { before: channels / 4 })]);

/** Images [n, 32, 32, 3] -> logits [n, 10]; `depth` blocks in each of three stages. */
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
        conv1: conv(16, 3, { padding: 1, bias: false, initial: 'kaiming_normal_fan_out' }),
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
