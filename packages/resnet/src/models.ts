import { basicBlock, bottleneck, resnet } from './resnet.js';
import * as weights from './weights.js';

export const resnet18 = /* @__PURE__ */ resnet(
  'resnet18',
  { block: basicBlock, depths: [2, 2, 2, 2] },
  weights.resnet18,
);
export const resnet34 = /* @__PURE__ */ resnet(
  'resnet34',
  { block: basicBlock, depths: [3, 4, 6, 3] },
  weights.resnet34,
);
export const resnet50 = /* @__PURE__ */ resnet(
  'resnet50',
  { block: bottleneck, depths: [3, 4, 6, 3] },
  weights.resnet50,
);
export const resnet101 = /* @__PURE__ */ resnet(
  'resnet101',
  { block: bottleneck, depths: [3, 4, 23, 3] },
  weights.resnet101,
);
export const resnet152 = /* @__PURE__ */ resnet(
  'resnet152',
  { block: bottleneck, depths: [3, 8, 36, 3] },
  weights.resnet152,
);
export const wide_resnet50_2 = /* @__PURE__ */ resnet(
  'wide_resnet50_2',
  { block: bottleneck, depths: [3, 4, 6, 3], widen: 2 },
  weights.wide_resnet50_2,
);
export const wide_resnet101_2 = /* @__PURE__ */ resnet(
  'wide_resnet101_2',
  { block: bottleneck, depths: [3, 4, 23, 3], widen: 2 },
  weights.wide_resnet101_2,
);

/** Every variant by torchvision's name. */
export const models = {
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  wide_resnet50_2,
  wide_resnet101_2,
} as const;
