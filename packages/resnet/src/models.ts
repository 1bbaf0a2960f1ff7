import { basicBlock, bottleneck, resnet } from './resnet.js';
import { resnetCifar } from './resnet-cifar.js';
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
  { block: bottleneck, depths: [3, 4, 6, 3], widthPerGroup: 128 },
  weights.wide_resnet50_2,
);
export const wide_resnet101_2 = /* @__PURE__ */ resnet(
  'wide_resnet101_2',
  { block: bottleneck, depths: [3, 4, 23, 3], widthPerGroup: 128 },
  weights.wide_resnet101_2,
);
export const resnext50_32x4d = /* @__PURE__ */ resnet(
  'resnext50_32x4d',
  { block: bottleneck, depths: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  weights.resnext50_32x4d,
);
export const resnext101_32x8d = /* @__PURE__ */ resnet(
  'resnext101_32x8d',
  { block: bottleneck, depths: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  weights.resnext101_32x8d,
);
export const resnext101_64x4d = /* @__PURE__ */ resnet(
  'resnext101_64x4d',
  { block: bottleneck, depths: [3, 4, 23, 3], groups: 64, widthPerGroup: 4 },
  weights.resnext101_64x4d,
);
export const resnet20 = /* @__PURE__ */ resnetCifar('resnet20', 3, weights.resnet20);
export const resnet32 = /* @__PURE__ */ resnetCifar('resnet32', 5, weights.resnet32);
export const resnet44 = /* @__PURE__ */ resnetCifar('resnet44', 7, weights.resnet44);
export const resnet56 = /* @__PURE__ */ resnetCifar('resnet56', 9, weights.resnet56);
export const resnet110 = /* @__PURE__ */ resnetCifar('resnet110', 18, weights.resnet110);

/** Every variant by name: torchvision's, where it has one. */
export const models = {
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  resnet152,
  wide_resnet50_2,
  wide_resnet101_2,
  resnext50_32x4d,
  resnext101_32x8d,
  resnext101_64x4d,
  resnet20,
  resnet32,
  resnet44,
  resnet56,
  resnet110,
} as const;
