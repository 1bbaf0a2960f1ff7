import { batchNorm, defineModel, type Norm, type Weights } from '@cnnzoo/core/family';
import { vgg, vggBackbone } from './vgg.js';
import * as weights from './weights.js';

type Depths = readonly [number, number, number, number, number];

function variant<Names extends string>(name: string, depths: Depths, weights: Weights<Names>, norm?: Norm) {
  // The published widths: doubled from block to block, up to 512.
  const blocks = depths.map((depth, i) => [depth, Math.min(512, 64 * 2 ** i)] as const);
  const config = { blocks, ...(norm && { norm }) };
  return defineModel({
    name,
    net: vgg(config),
    head: 'classifier.6',
    backbone: { net: vggBackbone(config), replaces: 'classifier', head: 'head' },
    inputShape: [224, 224, 3],
    numClasses: 1000,
    weights,
  });
}

/** VGG of 11 layers. */
export const vgg11 = /* @__PURE__ */ variant('vgg11', [1, 1, 2, 2, 2], weights.vgg11);

/** VGG of 11 layers, with BatchNorm. */
export const vgg11_bn = /* @__PURE__ */ variant('vgg11_bn', [1, 1, 2, 2, 2], weights.vgg11_bn, batchNorm);

/** VGG of 13 layers. */
export const vgg13 = /* @__PURE__ */ variant('vgg13', [2, 2, 2, 2, 2], weights.vgg13);

/** VGG of 13 layers, with BatchNorm. */
export const vgg13_bn = /* @__PURE__ */ variant('vgg13_bn', [2, 2, 2, 2, 2], weights.vgg13_bn, batchNorm);

/** VGG of 16 layers. */
export const vgg16 = /* @__PURE__ */ variant('vgg16', [2, 2, 3, 3, 3], weights.vgg16);

/** VGG of 16 layers, with BatchNorm. */
export const vgg16_bn = /* @__PURE__ */ variant('vgg16_bn', [2, 2, 3, 3, 3], weights.vgg16_bn, batchNorm);

/** VGG of 19 layers. */
export const vgg19 = /* @__PURE__ */ variant('vgg19', [2, 2, 4, 4, 4], weights.vgg19);

/** VGG of 19 layers, with BatchNorm. */
export const vgg19_bn = /* @__PURE__ */ variant('vgg19_bn', [2, 2, 4, 4, 4], weights.vgg19_bn, batchNorm);

/** Every variant by torchvision's name. */
export const models = { vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn } as const;
