/**
 * ResNet for CIFAR-10 (https://arxiv.org/abs/1512.03385, section 4.2): 6 n + 2 layers in three stages of n basic blocks,
 * of 16, 32 and 64 channels, without a pooling before them. Its shortcuts have no parameters (option A): a block that
 * halves the resolution takes every other pixel, and adds channels of zeros, half of them before and half of them after
 * its input's, as https://github.com/akamaster/pytorch_resnet_cifar10 does and the checkpoints that were trained with it
 * expect. (The authors' https://github.com/facebookarchive/fb.resnet.torch adds all of them after.)
 */
import {
  avgPool,
  batchNorm,
  conv,
  globalAvgPool,
  head,
  type Layer,
  type NetOptions,
  padChannels,
  relu,
  seq,
} from '@cnnzoo/core/family';
import { basicBlock } from './blocks.js';
import { checkDepths, checkNorm } from './checks.js';
import type { ResNetOptions } from './resnet.js';

/** Every other pixel, and a quarter of the new width as zeros on both sides of the channels. */
const subsample = (channels: number, stride: number): Layer =>
  seq([avgPool(1, stride), padChannels(channels, { before: channels / 4 })]);

/** Options of the builder of a ResNet for CIFAR-10. */
export type ResNetCifarOptions = Omit<ResNetOptions, 'zeroInitResidual'>;

/** Choices that the ResNets for CIFAR-10 differ in. */
export interface ResNetCifarConfig {
  /** Blocks in each of the three stages. */
  depth: number;
}

/**
 * Images [n, 32, 32, 3] -> logits [n, 10].
 *
 * @example
 * ```ts
 * import { buildModel } from '@cnnzoo/core';
 * import { resnetCifar } from '@cnnzoo/resnet';
 *
 * buildModel('resnet26', resnetCifar({ depth: 4 })({ numClasses: 10 }), [32, 32, 3]);
 * ```
 */
export const resnetCifar =
  ({ depth }: ResNetCifarConfig) =>
  ({ numClasses, norm = batchNorm, activation = relu }: NetOptions<ResNetCifarOptions>): Layer => {
    checkNorm(norm);
    checkDepths([depth], 1);
    const stage = (i: 0 | 1 | 2): Layer =>
      seq(
        Array.from({ length: depth }, (_, j) =>
          basicBlock(16 * 2 ** i, { stride: i > 0 && j === 0 ? 2 : 1, norm, activation, project: subsample }),
        ),
      );
    return seq({
      conv1: conv(16, 3, { padding: 1, bias: false, initial: 'kaiming_normal_fan_out' }),
      bn1: norm(),
      relu: activation,
      layer1: stage(0),
      layer2: stage(1),
      layer3: stage(2),
      avgpool: globalAvgPool,
      fc: head(numClasses),
    });
  };
