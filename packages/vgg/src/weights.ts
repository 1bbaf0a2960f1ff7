/**
 * torchvision's checkpoints: facts from the `_meta` of torchvision's weight enums (BSD-3-Clause code; no licence is
 * stated for the weights), hub copies from the default configurations of timm 1.0.31.
 */
import { defineWeights, torchvisionWeights } from '@cnnzoo/core/family';

/** timm's copies hold the hidden linear layers as convolutions over the whole 7x7 map. */
const timm = {
  renamed: { 'pre_logits.fc1': 'classifier.0', 'pre_logits.fc2': 'classifier.3', 'head.fc': 'classifier.6' },
};

export const vgg11 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg11-8a719046.pth',
      hub: 'timm/vgg11.tv_in1k',
      parameters: 132863336,
      fileSize: 506.84,
      gflops: 7.609,
      top1: 69.02,
      top5: 88.628,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg11_bn = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg11_bn-6002323d.pth',
      hub: 'timm/vgg11_bn.tv_in1k',
      parameters: 132868840,
      fileSize: 506.881,
      gflops: 7.609,
      top1: 70.37,
      top5: 89.81,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg13 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg13-19584684.pth',
      hub: 'timm/vgg13.tv_in1k',
      parameters: 133047848,
      fileSize: 507.545,
      gflops: 11.308,
      top1: 69.928,
      top5: 89.246,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg13_bn = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg13_bn-abd245e5.pth',
      hub: 'timm/vgg13_bn.tv_in1k',
      parameters: 133053736,
      fileSize: 507.59,
      gflops: 11.308,
      top1: 71.586,
      top5: 90.374,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg16 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg16-397923af.pth',
      hub: 'timm/vgg16.tv_in1k',
      parameters: 138357544,
      fileSize: 527.796,
      gflops: 15.47,
      top1: 71.592,
      top5: 90.382,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
    IMAGENET1K_FEATURES: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg16_features-amdegroot-88682ab5.pth',
      parameters: 138357544,
      fileSize: 527.802,
      gflops: 15.47,
      top1: null,
      top5: null,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/amdegroot/ssd.pytorch#training-ssd',
      // Images of 0 to 255 with Caffe's means; the classifier's values are not valid.
      mean: [0.48235, 0.45882, 0.40784],
      std: [1 / 255, 1 / 255, 1 / 255],
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg16_bn = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg16_bn-6c64b313.pth',
      hub: 'timm/vgg16_bn.tv_in1k',
      parameters: 138365992,
      fileSize: 527.866,
      gflops: 15.47,
      top1: 73.36,
      top5: 91.516,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg19 = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg19-dcbb9e9d.pth',
      hub: 'timm/vgg19.tv_in1k',
      parameters: 143667240,
      fileSize: 548.051,
      gflops: 19.632,
      top1: 72.376,
      top5: 90.876,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);

export const vgg19_bn = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'vgg19_bn-c79401a0.pth',
      hub: 'timm/vgg19_bn.tv_in1k',
      parameters: 143678248,
      fileSize: 548.143,
      gflops: 19.632,
      top1: 74.218,
      top5: 91.842,
      resize: 256,
      minSize: 32,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
  timm,
);
