import { CIFAR10 } from '../data/index.js';
import type { Source } from '../download/index.js';
import type { ImageInput, Preprocessing } from '../images/index.js';
import type { LoadedStateDict } from '../state-dict/late.js';
import { IMAGENET_CATEGORIES } from './imagenet.js';

export interface Metrics {
  /** Data set -> metric -> per cent, e.g. `{ 'ImageNet-1K': { 'acc@1': 69.758 } }`. */
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Who measured: 'torchvision', or 'cnnzoo' (then `recipe` holds the command). */
  readonly measuredBy: string;
}

/** What is known of one set of trained weights. A better recipe is a new entry, never an edit. */
export interface WeightsInfo {
  /** In order of preference; `CNNZOO_MIRROR` is asked before them where it is set, unless a package brings the file. */
  readonly sources: readonly Source[];
  readonly parameters: number;
  /** Size of the publisher's file in MiB, as published (three decimals). */
  readonly fileSize: number;
  /** Multiply-adds of one image at the crop size, in 10^9, as published. */
  readonly gflops?: number;
  /** Smallest height and width the net takes. */
  readonly minSize: readonly [height: number, width: number];
  readonly metrics: Metrics;
  readonly preprocessing: Preprocessing;
  /** A label per class, in the order of the logits; null for a backbone. */
  readonly categories: readonly string[] | null;
  /** SPDX identifier, or 'unspecified' where the publisher states none. */
  readonly licence: string;
  /** How the weights were made: a link, or a command. */
  readonly recipe: string;
  /** Key prefixes a strict load may drop, e.g. auxiliary heads. */
  readonly mayDrop?: readonly string[];
  /** The values of the head are not valid: only the backbone's are. */
  readonly isBackbone?: true;
}

export interface WeightsEntry extends WeightsInfo {
  /** E.g. 'IMAGENET1K_V1'. */
  readonly name: string;
  /** E.g. 'resnet18'. */
  readonly model: string;
  /** The image(s) as this net was trained to see them: float32 [n, crop, crop, channels]. The tensor is the caller's. */
  preprocess(image: ImageInput | readonly ImageInput[]): Promise<import('@tensorflow/tfjs-core').Tensor4D>;
}

/** The entries of a model by name; where there are any, `DEFAULT` is one of them. */
export type WeightsTable<Name extends string = string> = [Name] extends [never]
  ? Readonly<Record<never, WeightsEntry>>
  : Readonly<Record<Name | 'DEFAULT', WeightsEntry>>;

/** What differs between torchvision's ImageNet classifiers. */
export interface TorchvisionFacts {
  /** The publisher's file; its hash prefix stands before the ending. */
  file: string;
  /** The Hugging Face hub's id of a copy with the same keys and tensors. */
  hub?: string;
  parameters: number;
  /** MiB. */
  fileSize: number;
  /** 10^9 multiply-adds at 224 px. */
  gflops: number;
  /** Per cent on ImageNet-1K; null for a backbone. */
  top1: number | null;
  top5: number | null;
  /** The shorter side, in pixels, before the 224 px centre crop. */
  resize: number;
  /** Smallest height and width, in pixels. */
  minSize: number;
  recipe: string;
  /** Of the channels, for images of 0 to 1: ImageNet's unless given. */
  mean?: readonly [number, number, number];
  std?: readonly [number, number, number];
  mayDrop?: readonly string[];
}

/** The part of a torchvision file name that is its hash: `resnet18-f37072fd.pth`. */
const hashPrefixOf = (file: string): string => /-([0-9a-f]{8})\.pth$/.exec(file)![1]!;

/** An entry of one of torchvision's ImageNet classifiers. */
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

/** Keys of safetensors' metadata that say which weights a file holds; `port` and `save` write them. */
export const MODEL_KEY = 'cnnzoo.model';
export const WEIGHTS_KEY = 'cnnzoo.weights';

/** How a checkpoint became a `Classifier`. */
export interface LoadedWeights extends LoadedStateDict {
  /** The registry's entry whose preprocessing holds; null if the classifier was saved without one. */
  readonly entry: string | null;
  /** The head: the checkpoint's ('kept'), one with fresh values ('new'), or none (`numClasses: 0`). */
  readonly head: 'kept' | 'new' | 'none';
  /** Paths in the net whose values are fresh: heads, auxiliary ones among them. */
  readonly fresh: readonly string[];
}
