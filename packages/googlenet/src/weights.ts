/**
 * torchvision's checkpoints: facts from the `_meta` of torchvision's weight enums (BSD-3-Clause code; no licence is
 * stated for the weights).
 */
import { defineWeights, torchvisionWeights } from '@cnnzoo/core/family';

export const googlenet = /* @__PURE__ */ defineWeights(
  {
    IMAGENET1K_V1: /* @__PURE__ */ torchvisionWeights({
      file: 'googlenet-1378be20.pth',
      parameters: 6624904,
      fileSize: 49.731,
      gflops: 1.498,
      top1: 69.778,
      top5: 89.53,
      resize: 256,
      minSize: 15,
      recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#googlenet',
      // Same as torchvision's `transform_input`.
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
      // Untrained in the published file.
      mayDrop: ['aux1.', 'aux2.'],
    }),
  },
  'IMAGENET1K_V1',
);

/** The paper's own net was never published. */
export const googlenet_paper = /* @__PURE__ */ defineWeights({});
