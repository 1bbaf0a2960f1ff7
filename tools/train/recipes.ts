import { compose, horizontalFlip, padAndCrop } from '@cnnzoo/core/data';
import { crossEntropy, type FitOptions, oneCycle, sgd } from '@cnnzoo/core/train';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';

/** What a net is trained with; with the seed and the data, all that its weights depend on. */
export interface Recipe {
  readonly build: typeof resnet20 | typeof nin_cifar;
  /** The directory under packages/ that ships the weights. */
  readonly family: 'nin' | 'resnet';
  readonly options: FitOptions & { readonly seed: number };
}

const shared = {
  batchSize: 128,
  augment: compose(padAndCrop(4), horizontalFlip()),
  seed: 0,
} satisfies FitOptions;

export const recipes: Readonly<Record<string, Recipe>> = {
  resnet20: {
    build: resnet20,
    family: 'resnet',
    options: {
      ...shared,
      epochs: 30,
      optimizer: sgd({ lr: oneCycle(0.3), momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
      loss: crossEntropy({ labelSmoothing: 0.05 }),
      ema: { decay: 0.998 },
    },
  },
  nin_cifar: {
    build: nin_cifar,
    family: 'nin',
    options: {
      ...shared,
      epochs: 40,
      optimizer: sgd({ lr: oneCycle(0.03), momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
      clipNorm: 5,
    },
  },
};
