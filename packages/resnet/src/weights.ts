/**
 * torchvision's checkpoints: facts from the `_meta` of torchvision's weight enums (BSD-3-Clause code; no licence is
 * stated for the weights), hub copies from the default configurations of timm 1.0.31. For CIFAR-10 our own, in this
 * package, and two of Y. Idelbayev's, facts from the README of akamaster/pytorch_resnet_cifar10.
 */
import { CIFAR10, cifar10Weights, defineWeights, torchvisionWeights, type WeightsInfo } from '@cnnzoo/core/family';

export const resnet18 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet18-f37072fd.pth',
      hub: 'timm/resnet18.tv_in1k',
      parameters: 11689512,
      fileSize: 44.661,
      gflops: 1.814,
      top1: 69.758,
      top5: 89.078,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
    }),
  },
  'IMAGENET1K_V1',
);

export const resnet34 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet34-b627a593.pth',
      hub: 'timm/resnet34.tv_in1k',
      parameters: 21797672,
      fileSize: 83.275,
      gflops: 3.664,
      top1: 73.314,
      top5: 91.42,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
    }),
  },
  'IMAGENET1K_V1',
);

export const resnet50 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet50-0676ba61.pth',
      hub: 'timm/resnet50.tv_in1k',
      parameters: 25557032,
      fileSize: 97.781,
      gflops: 4.089,
      top1: 76.13,
      top5: 92.862,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet50-11ad3fa6.pth',
      hub: 'timm/resnet50.tv2_in1k',
      parameters: 25557032,
      fileSize: 97.79,
      gflops: 4.089,
      top1: 80.858,
      top5: 95.434,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#issuecomment-1013906621',
    }),
  },
  'IMAGENET1K_V2',
);

export const resnet101 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet101-63fe2227.pth',
      hub: 'timm/resnet101.tv_in1k',
      parameters: 44549160,
      fileSize: 170.511,
      gflops: 7.801,
      top1: 77.374,
      top5: 93.546,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet101-cd907fc2.pth',
      hub: 'timm/resnet101.tv2_in1k',
      parameters: 44549160,
      fileSize: 170.53,
      gflops: 7.801,
      top1: 81.886,
      top5: 95.78,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe',
    }),
  },
  'IMAGENET1K_V2',
);

export const resnet152 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet152-394f9c45.pth',
      hub: 'timm/resnet152.tv_in1k',
      parameters: 60192808,
      fileSize: 230.434,
      gflops: 11.514,
      top1: 78.312,
      top5: 94.046,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'resnet152-f82ba261.pth',
      hub: 'timm/resnet152.tv2_in1k',
      parameters: 60192808,
      fileSize: 230.474,
      gflops: 11.514,
      top1: 82.284,
      top5: 96.002,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe',
    }),
  },
  'IMAGENET1K_V2',
);

export const wide_resnet50_2 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'wide_resnet50_2-95faca4d.pth',
      hub: 'timm/wide_resnet50_2.tv_in1k',
      parameters: 68883240,
      fileSize: 131.82,
      gflops: 11.398,
      top1: 78.468,
      top5: 94.086,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/pull/912#issue-445437439',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'wide_resnet50_2-9ba9bcbe.pth',
      hub: 'timm/wide_resnet50_2.tv2_in1k',
      parameters: 68883240,
      fileSize: 263.124,
      gflops: 11.398,
      top1: 81.602,
      top5: 95.758,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe-with-fixres',
    }),
  },
  'IMAGENET1K_V2',
);

export const wide_resnet101_2 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'wide_resnet101_2-32ee1156.pth',
      hub: 'timm/wide_resnet101_2.tv_in1k',
      parameters: 126886696,
      fileSize: 242.896,
      gflops: 22.753,
      top1: 78.848,
      top5: 94.284,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/pull/912#issue-445437439',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'wide_resnet101_2-d733dc28.pth',
      hub: 'timm/wide_resnet101_2.tv2_in1k',
      parameters: 126886696,
      fileSize: 484.747,
      gflops: 22.753,
      top1: 82.51,
      top5: 96.02,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe',
    }),
  },
  'IMAGENET1K_V2',
);

export const resnext50_32x4d = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnext50_32x4d-7cdf4587.pth',
      hub: 'timm/resnext50_32x4d.tv_in1k',
      parameters: 25028904,
      fileSize: 95.789,
      gflops: 4.23,
      top1: 77.618,
      top5: 93.698,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnext',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'resnext50_32x4d-1a0047aa.pth',
      hub: 'timm/resnext50_32x4d.tv2_in1k',
      parameters: 25028904,
      fileSize: 95.833,
      gflops: 4.23,
      top1: 81.198,
      top5: 95.34,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe',
    }),
  },
  'IMAGENET1K_V2',
);

export const resnext101_32x8d = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnext101_32x8d-8ba56ff5.pth',
      hub: 'timm/resnext101_32x8d.tv_in1k',
      parameters: 88791336,
      fileSize: 339.586,
      gflops: 16.414,
      top1: 79.312,
      top5: 94.526,
      resize: 256,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnext',
    }),
    IMAGENET1K_V2: /* @__PURE__ */ torchvisionWeights({
      file: 'resnext101_32x8d-110c445d.pth',
      hub: 'timm/resnext101_32x8d.tv2_in1k',
      parameters: 88791336,
      fileSize: 339.673,
      gflops: 16.414,
      top1: 82.834,
      top5: 96.228,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/issues/3995#new-recipe-with-fixres',
    }),
  },
  'IMAGENET1K_V2',
);

export const resnext101_64x4d = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'resnext101_64x4d-173b62eb.pth',
      hub: 'timm/resnext101_64x4d.tv_in1k',
      parameters: 83455272,
      fileSize: 319.318,
      gflops: 15.46,
      top1: 83.246,
      top5: 96.454,
      resize: 232,
      minSize: 1,
      recipe: 'https://github.com/pytorch/vision/pull/5935',
    }),
  },
  'IMAGENET1K_V1',
);

/** Facts that differ between Y. Idelbayev's ResNets for CIFAR-10. */
interface IdelbayevFacts {
  /** The publisher's file; the first digits of its hash are in its name. */
  name: `${string}-${string}.th`;
  sha256: string;
  parameters: number;
  /** MiB. */
  fileSize: number;
  /** 10^9 multiply-adds at 32 px, counted by us. */
  gflops: number;
  /** Per cent of CIFAR-10's test images, as published. */
  error: number;
}

const REPOSITORY = 'https://github.com/akamaster/pytorch_resnet_cifar10';

const idelbayevWeights = ({ name, sha256, parameters, fileSize, gflops, error }: IdelbayevFacts): WeightsInfo => ({
  sources: [
    {
      kind: 'publisher',
      url: `${REPOSITORY}/raw/master/pretrained_models/${name}`,
      sha256,
      hashPrefix: sha256.slice(0, 8),
    },
  ],
  parameters,
  fileSize,
  gflops,
  minSize: [32, 32],
  metrics: { values: { 'CIFAR-10': { 'acc@1': Number((100 - error).toFixed(2)) } }, measuredBy: 'akamaster' },
  preprocessing: {
    resize: 32,
    crop: [32, 32],
    channels: 3,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    interpolation: 'bilinear',
  },
  categories: CIFAR10.categories,
  licence: 'BSD-2-Clause',
  recipe: REPOSITORY,
});

/** CIFAR10_V1 was trained and measured by tools/train/cifar10.ts. */
export const resnet20 = /* @__PURE__ */ defineWeights(
  {
    CIFAR10_V1: /* @__PURE__ */ cifar10Weights({
      url: 'npm:@cnnzoo/resnet/weights/resnet20.safetensors',
      load: () => import('./generated/resnet20.js'),
      sha256: '6018eded70ac46be2ac7b69eee8e0b779da0f5cf2131991eb9e7850568cc801d',
      parameters: 269722,
      fileSize: 0.525,
      gflops: 0.041,
      top1: 88.79,
      top5: 99.65,
      recipe: 'pnpm exec tsx tools/train/cifar10.ts resnet20 FOLDER',
    }),
    CIFAR10_AKAMASTER: /* @__PURE__ */ idelbayevWeights({
      name: 'resnet20-12fca82f.th',
      sha256: '12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8',
      parameters: 269722,
      fileSize: 1.048,
      gflops: 0.041,
      error: 8.27,
    }),
  },
  'CIFAR10_V1',
);

/** None are trained. */
export const resnet32 = /* @__PURE__ */ defineWeights({});

/** None are trained. */
export const resnet44 = /* @__PURE__ */ defineWeights({});

export const resnet56 = /* @__PURE__ */ defineWeights(
  {
    CIFAR10_AKAMASTER: /* @__PURE__ */ idelbayevWeights({
      name: 'resnet56-4bfd9763.th',
      sha256: '4bfd97631478d6b638d2764fd2baff3edb1d7d82252d54439343b6596b9b5367',
      parameters: 853018,
      fileSize: 3.311,
      gflops: 0.125,
      error: 6.61,
    }),
  },
  'CIFAR10_AKAMASTER',
);

/** None are trained. */
export const resnet110 = /* @__PURE__ */ defineWeights({});
