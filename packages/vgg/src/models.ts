import { vgg } from './vgg.js';
import * as weights from './weights.js';

type Depths = readonly [number, number, number, number, number];

/** The published widths: doubled from block to block, up to 512. */
const blocks = (depths: Depths) => depths.map((depth, i) => [depth, Math.min(512, 64 * 2 ** i)] as const);

export const vgg11 = /* @__PURE__ */ vgg('vgg11', { blocks: /* @__PURE__ */ blocks([1, 1, 2, 2, 2]) }, weights.vgg11);
export const vgg11_bn = /* @__PURE__ */ vgg(
  'vgg11_bn',
  { blocks: /* @__PURE__ */ blocks([1, 1, 2, 2, 2]), norm: true },
  weights.vgg11_bn,
);
export const vgg13 = /* @__PURE__ */ vgg('vgg13', { blocks: /* @__PURE__ */ blocks([2, 2, 2, 2, 2]) }, weights.vgg13);
export const vgg13_bn = /* @__PURE__ */ vgg(
  'vgg13_bn',
  { blocks: /* @__PURE__ */ blocks([2, 2, 2, 2, 2]), norm: true },
  weights.vgg13_bn,
);
export const vgg16 = /* @__PURE__ */ vgg('vgg16', { blocks: /* @__PURE__ */ blocks([2, 2, 3, 3, 3]) }, weights.vgg16);
export const vgg16_bn = /* @__PURE__ */ vgg(
  'vgg16_bn',
  { blocks: /* @__PURE__ */ blocks([2, 2, 3, 3, 3]), norm: true },
  weights.vgg16_bn,
);
export const vgg19 = /* @__PURE__ */ vgg('vgg19', { blocks: /* @__PURE__ */ blocks([2, 2, 4, 4, 4]) }, weights.vgg19);
export const vgg19_bn = /* @__PURE__ */ vgg(
  'vgg19_bn',
  { blocks: /* @__PURE__ */ blocks([2, 2, 4, 4, 4]), norm: true },
  weights.vgg19_bn,
);

/** Every variant by torchvision's name. */
export const models = { vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn } as const;
