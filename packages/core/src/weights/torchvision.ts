import { IMAGENET_CATEGORIES } from './imagenet.js';
import type { WeightsInfo } from './registry.js';

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
