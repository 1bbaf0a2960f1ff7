import { defineModel } from '@cnnzoo/core/family';
import { alexNet, alexNetBackbone } from './alexnet.js';
import * as weights from './weights.js';

/** torchvision's AlexNet. */
export const alexnet = /* @__PURE__ */ defineModel({
  name: 'alexnet',
  net: alexNet,
  head: 'classifier.6',
  backbone: { net: alexNetBackbone, replaces: 'classifier', head: 'head' },
  inputShape: [224, 224, 3],
  numClasses: 1000,
  weights: weights.alexnet,
});

/** Every variant by torchvision's name. */
export const models = { alexnet } as const;
