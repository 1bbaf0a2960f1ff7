/** Our own weights, shipped in this package; trained and measured by tools/train/lenet.ts. */
import { defineWeights, type PackedFile, type WeightsInfo } from '@cnnzoo/core/family';

interface Facts {
  url: `npm:${string}`;
  load: () => Promise<PackedFile>;
  sha256: string;
  fileSize: number;
  /** Per cent of the 10,000 test digits. */
  top1: number;
  recipe: string;
}

const mnist = ({ url, load, sha256, fileSize, top1, recipe }: Facts): WeightsInfo => ({
  sources: [{ kind: 'package', url, load, sha256 }],
  parameters: 61706,
  fileSize,
  gflops: 0.000416,
  minSize: [28, 28],
  metrics: { values: { MNIST: { 'acc@1': top1 } }, measuredBy: 'cnnzoo' },
  preprocessing: {
    resize: null,
    crop: [28, 28],
    channels: 1,
    mean: [0.1307],
    std: [0.3081],
    interpolation: 'bilinear',
  },
  categories: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  licence: 'MIT',
  recipe,
});

export const lenet5 = /* @__PURE__ */ defineWeights(
  {
    MNIST_V1: /* @__PURE__ */ mnist({
      url: 'npm:@cnnzoo/lenet/weights/lenet5.safetensors',
      load: () => import('./generated/lenet5.js'),
      sha256: 'ea93751b106a780a33d43001106adb23117571878345be436d07a5b2bfe64670',
      fileSize: 0.236,
      top1: 99.06,
      recipe: 'pnpm exec tsx tools/train/lenet.ts --model lenet5 --seed 1 --epochs 15',
    }),
  },
  'MNIST_V1',
);

export const lenet5_relu = /* @__PURE__ */ defineWeights(
  {
    MNIST_V1: /* @__PURE__ */ mnist({
      url: 'npm:@cnnzoo/lenet/weights/lenet5_relu.safetensors',
      load: () => import('./generated/lenet5_relu.js'),
      sha256: '25867cd5f6642ce730789186fc6f5730af3e7f224f08ec4562dd32c82237c6df',
      fileSize: 0.236,
      top1: 99.45,
      recipe: 'pnpm exec tsx tools/train/lenet.ts --model lenet5_relu --seed 1 --epochs 15',
    }),
  },
  'MNIST_V1',
);
