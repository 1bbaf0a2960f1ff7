/** No weights yet: nobody publishes any that could be read, and ours are still to be trained. */
import { defineWeights } from '@cnnzoo/core';

export const nin = /* @__PURE__ */ defineWeights('nin', {});
export const nin_cifar = /* @__PURE__ */ defineWeights('nin_cifar', {});
