import { defineModel } from '@cnnzoo/core/family';
import { ninImageNet } from './nin.js';
import { ninCifar } from './nin-cifar.js';
import * as weights from './weights.js';

/** Network in Network for ImageNet's size, as textbooks have it. */
export const nin = /* @__PURE__ */ defineModel({
  name: 'nin',
  net: ninImageNet,
  head: '7',
  inputShape: [224, 224, 3],
  numClasses: 1000,
  weights: weights.nin,
});

/** Network in Network for CIFAR-10, with the authors' widths. */
export const nin_cifar = /* @__PURE__ */ defineModel({
  name: 'nin_cifar',
  net: ninCifar,
  head: 'cccp6',
  inputShape: [32, 32, 3],
  numClasses: 10,
  weights: weights.nin_cifar,
});

/** Every variant by name. */
export const models = { nin, nin_cifar } as const;
