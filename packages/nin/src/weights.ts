/** For CIFAR-10 our own, in this package. For ImageNet's size nobody publishes any that could be read. */
import { cifar10Weights, defineWeights } from '@cnnzoo/core/family';

export const nin = /* @__PURE__ */ defineWeights({});

/** Trained and measured by tools/train/cifar10.ts. */
export const nin_cifar = /* @__PURE__ */ defineWeights(
  {
    CIFAR10_V1: /* @__PURE__ */ cifar10Weights({
      url: 'npm:@cnnzoo/nin/weights/nin_cifar.safetensors',
      load: () => import('./generated/nin_cifar.js'),
      sha256: 'ca7076e1b42cf39e66fa479f2a2987aa06f80efdcbb853acb6901e46b559c060',
      parameters: 966986,
      fileSize: 1.846,
      gflops: 0.222,
      top1: 83.55,
      top5: 99.34,
      recipe: 'pnpm exec tsx tools/train/cifar10.ts nin_cifar FOLDER',
    }),
  },
  'CIFAR10_V1',
);
