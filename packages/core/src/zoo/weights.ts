import { CIFAR10 } from '../data/index.js';
import type { Source } from '../download/index.js';
import type { ImageInput, Preprocessing } from '../images/index.js';
import type { LoadedStateDict } from '../state-dict/late.js';
import type { PackedFile } from '../util/index.js';
import { IMAGENET_CATEGORIES } from './imagenet.js';

/** Accuracy of weights, and who measured it. */
export interface Metrics {
  /** Data set -> metric -> per cent, e.g. `{ 'ImageNet-1K': { 'acc@1': 69.758 } }`. */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Who measured: 'torchvision', or 'cnnzoo' (then `recipe` holds the command). */
  readonly measuredBy: string;
}

/** Facts of one set of trained weights. A better recipe is a new entry, never an edit. */
export interface WeightsInfo {
  /** Addresses in order of preference. If `CNNZOO_MIRROR` is set, it is asked before them, except for a package's file. */
  readonly sources: readonly Source[];
  /** Number of parameters. */
  readonly parameters: number;
  /** Size of the publisher's file in MiB, as published (three decimals). */
  readonly fileSize: number;
  /** Multiply-adds of one image at the crop size, in 10^9, as published. */
  readonly gflops?: number;
  /** Smallest height and width of an image, in pixels. */
  readonly minSize: readonly [height: number, width: number];
  /** Accuracy, and who measured it. */
  readonly metrics: Metrics;
  /** Preprocessing that the weights were measured with. */
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null for a backbone. */
  readonly categories: readonly string[] | null;
  /** SPDX identifier, or 'unspecified' where the publisher states none. */
  readonly licence: string;
  /** Link or command that tells how the weights were made. */
  readonly recipe: string;
  /** Prefixes of keys that a strict load may leave out, e.g. auxiliary heads. Default: none. */
  readonly mayDrop?: readonly string[];
  /** True if the values of the head are not valid. Default: they are. */
  readonly isBackbone?: true;
}

/** Weights of a model under a name. */
export interface WeightsEntry extends WeightsInfo {
  /** Name of the entry, e.g. 'IMAGENET1K_V1'. */
  readonly name: string;
  /** Name of the model, e.g. 'resnet18'. */
  readonly model: string;
  /** Preprocesses images for these weights: float32 [n, crop, crop, channels]. The caller disposes of the tensor. */
  preprocess(image: ImageInput | readonly ImageInput[]): Promise<import('@tensorflow/tfjs-core').Tensor4D>;
}

/** Entries of a model by name, and `DEFAULT`, which is one of them; {} if there are none. */
export type WeightsTable<Name extends string = string> = [Name] extends [never]
  ? Readonly<Record<never, WeightsEntry>>
  : Readonly<Record<Name | 'DEFAULT', WeightsEntry>>;

/** Facts of one of torchvision's ImageNet classifiers. */
export interface TorchvisionFacts {
  /** Name of the publisher's file, with its hash prefix before the ending. */
  file: string;
  /** Id of a copy on the Hugging Face hub with the same keys and tensors. Default: none. */
  hub?: string;
  /** Number of parameters. */
  parameters: number;
  /** Size of the file in MiB. */
  fileSize: number;
  /** Multiply-adds of one image at 224 px, in 10^9. */
  gflops: number;
  /** Top-1 accuracy on ImageNet-1K in per cent; null for a backbone. */
  top1: number | null;
  /** Top-5 accuracy on ImageNet-1K in per cent; null for a backbone. */
  top5: number | null;
  /** Shorter side of the resized image, in pixels, before the centre crop of 224 px. */
  resize: number;
  /** Smallest height and width, in pixels. */
  minSize: number;
  /** Link that tells how the weights were made. */
  recipe: string;
  /** Mean of each channel, for values of 0 to 1. Default: ImageNet's. */
  mean?: readonly [number, number, number];
  /** Standard deviation of each channel, for values of 0 to 1. Default: ImageNet's. */
  std?: readonly [number, number, number];
  /** Prefixes of keys that a strict load may leave out, e.g. auxiliary heads. Default: none. */
  mayDrop?: readonly string[];
}

/** Returns the hash prefix in a torchvision file name, `resnet18-f37072fd.pth`. */
const hashPrefixOf = (file: string): string => /-([0-9a-f]{8})\.pth$/.exec(file)![1]!;

/**
 * Makes the entry of one of torchvision's ImageNet classifiers.
 *
 * @example
 * ```ts
 * import { torchvisionWeights } from '@cnnzoo/core';
 *
 * const { sources } = torchvisionWeights({
 *   file: 'resnet18-f37072fd.pth',
 *   parameters: 11_689_512,
 *   fileSize: 44.661,
 *   gflops: 1.814,
 *   top1: 69.758,
 *   top5: 89.078,
 *   resize: 256,
 *   minSize: 1,
 *   recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
 * });
 * console.log(sources[0]!.url); // https://download.pytorch.org/models/resnet18-f37072fd.pth
 * ```
 */
export const torchvisionWeights = (facts: TorchvisionFacts): WeightsInfo => ({
  sources: [
    {
      kind: 'publisher',
      url: `https://download.pytorch.org/models/${facts.file}`,
      hashPrefix: hashPrefixOf(facts.file),
    },
    ...(facts.hub
      ? [{ kind: 'hub' as const, url: `https://huggingface.co/${facts.hub}/resolve/main/model.safetensors` }]
      : []),
  ],
  parameters: facts.parameters,
  fileSize: facts.fileSize,
  gflops: facts.gflops,
  minSize: [facts.minSize, facts.minSize],
  metrics: {
    values:
      facts.top1 === null || facts.top5 === null ? {} : { 'ImageNet-1K': { 'acc@1': facts.top1, 'acc@5': facts.top5 } },
    measuredBy: 'torchvision',
  },
  preprocessing: {
    resize: facts.resize,
    crop: [224, 224],
    channels: 3,
    mean: facts.mean ?? [0.485, 0.456, 0.406],
    std: facts.std ?? [0.229, 0.224, 0.225],
    interpolation: 'bilinear',
  },
  categories: facts.top1 === null ? null : IMAGENET_CATEGORIES,
  licence: 'unspecified',
  recipe: facts.recipe,
  ...(facts.mayDrop && { mayDrop: facts.mayDrop }),
  ...(facts.top1 === null && { isBackbone: true }),
});

/** Facts of a net that is trained here on CIFAR-10 and shipped in its package. */
export interface Cifar10Facts {
  /** Name of the file: 'npm:@cnnzoo/resnet/weights/resnet20.safetensors'. */
  url: `npm:${string}`;
  /** Imports the file as a module. */
  load: () => Promise<PackedFile>;
  /** sha256 of the file. */
  sha256: string;
  /** Number of parameters. */
  parameters: number;
  /** Size of the file in MiB. */
  fileSize: number;
  /** Multiply-adds of one image at 32 px, in 10^9. */
  gflops: number;
  /** Top-1 accuracy on the 10,000 test images, as JPEGs, in per cent. */
  top1: number;
  /** Top-5 accuracy on the same images in per cent. */
  top5: number;
  /** Command that trains and measures the net, with its seed. */
  recipe: string;
}

/**
 * Makes the entry of a net that `tools/train/cifar10.ts` trained and measured.
 *
 * @example
 * ```ts
 * import { cifar10Weights } from '@cnnzoo/core';
 *
 * const { preprocessing, categories } = cifar10Weights({
 *   url: 'npm:tiny/weights/tiny.safetensors',
 *   load: async () => ({ packed: '' }),
 *   sha256: '0'.repeat(64),
 *   parameters: 269_722,
 *   fileSize: 0.541,
 *   gflops: 0.041,
 *   top1: 92.1,
 *   top5: 99.7,
 *   recipe: 'tsx tools/train/cifar10.ts tiny --seed 1',
 * });
 * console.log(preprocessing.crop, categories);
 * ```
 */
export const cifar10Weights = (facts: Cifar10Facts): WeightsInfo => ({
  sources: [{ kind: 'package', url: facts.url, load: facts.load, sha256: facts.sha256 }],
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

/** Key of safetensors' metadata for the name of the model; `port` and `save` write it. */
export const MODEL_KEY = 'cnnzoo.model';
/** Key of safetensors' metadata for the name of the entry; `port` and `save` write it. */
export const WEIGHTS_KEY = 'cnnzoo.weights';

/** Report of a checkpoint's way into a Classifier. */
export interface LoadedWeights extends LoadedStateDict {
  /** Name of the entry whose preprocessing holds; null if the classifier was saved without one. */
  readonly entry: string | null;
  /** Head of the net: the checkpoint's ('kept'), one with fresh values ('new'), or none (`numClasses: 0`). */
  readonly head: 'kept' | 'new' | 'none';
  /** state_dict paths of heads with fresh values, auxiliary ones included. */
  readonly fresh: readonly string[];
}
