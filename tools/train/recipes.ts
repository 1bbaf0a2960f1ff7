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

const momentum = (lr: Schedule, weightDecay = 5e-4) => sgd({ lr, momentum: 0.9, nesterov: true, weightDecay });

export const recipes: Readonly<Record<string, Recipe>> = {
  resnet20: {
    build: resnet20,
    family: 'resnet',
    validated: 10_000,
    options: {
      ...shared,
      ema: { decay: 0.998 },
      stages: [
        { epochs: 30, optimizer: momentum(oneCycle(0.3)), loss: crossEntropy({ labelSmoothing: 0.05 }) },
        // The first cycle ends at 92 % of the training images, not augmented, and 86.6 % of the test images: so small a net
        // wants to be held back less, and longer.
        { epochs: 32, optimizer: momentum(cosine(0.1), 2e-4) },
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
          // 24 of 32 pixels are 9/16 of the arithmetic, and another augmentation. At a constant rate of 0.06, warmed up in 50
          // steps, every logit falls to 0 behind the last ReLU and stays there; at 0.03 none does.
          epochs: 16,
          augment: compose(padAndCrop(0, 24), horizontalFlip()),
          optimizer: momentum(oneCycle(0.05)),
        },
        { epochs: 1, optimizer: momentum(cosine(0.005)) },
      ],
    },
  },
};
