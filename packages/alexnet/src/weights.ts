/**
 * torchvision's checkpoints: facts from the `_meta` of torchvision's weight enums (BSD-3-Clause code; no licence is
 * stated for the weights).
 */
import { defineWeights, torchvisionWeights } from '@cnnzoo/core/family';

export const alexnet = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'alexnet-owt-7be5be79.pth',
      parameters: 61100840,
      fileSize: 233.087,
      gflops: 0.714,
      top1: 56.522,
      top5: 79.066,
      resize: 256,
      minSize: 63,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#alexnet-and-vgg',
    }),
  },
  'IMAGENET1K_V1',
);
