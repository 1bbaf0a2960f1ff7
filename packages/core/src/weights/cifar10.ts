import { CIFAR10 } from '../data/cifar10-facts.js';
import type { WeightsInfo } from './registry.js';

/** What differs between the nets of ours that are trained on CIFAR-10 and shipped in their packages. */
export interface Cifar10Facts {
  /** Of the file; written out in full where it is called, so that bundlers see it and can drop an unused one. */
  url: () => URL;
  sha256: string;
  parameters: number;
  /** MiB. */
  fileSize: number;
  /** 10^9 multiply-adds at 32 px. */
  gflops: number;
  /** Per cent of the 10,000 test images, as JPEGs, measured by the command of the recipe. */
  top1: number;
  top5: number;
  recipe: string;
}

/** An entry of a net that `tools/train/cifar10.ts` trained and measured. */
export const cifar10Weights = (facts: Cifar10Facts): WeightsInfo => ({
  sources: [{ kind: 'package', url: facts.url().href, sha256: facts.sha256 }],
  parameters: facts.parameters,
  fileSize: facts.fileSize,
  gflops: facts.gflops,
  minSize: [32, 32],
  metrics: { values: { 'CIFAR-10 (JPEG copy)': { 'acc@1': facts.top1, 'acc@5': facts.top5 } }, measuredBy: 'cnnzoo' },
  preprocessing: {
    resize: 32,
    crop: [32, 32],
    channels: 3,
    mean: CIFAR10.mean,
    std: CIFAR10.std,
    interpolation: 'bilinear',
  },
  categories: CIFAR10.categories,
  licence: 'MIT',
  recipe: facts.recipe,
});
