import { ninImageNet } from './nin.js';
import { ninCifar } from './nin-cifar.js';
import * as weights from './weights.js';

export const nin = /* @__PURE__ */ ninImageNet('nin', weights.nin);
export const nin_cifar = /* @__PURE__ */ ninCifar('nin_cifar', weights.nin_cifar);

/** Every variant by name. */
export const models = { nin, nin_cifar } as const;
