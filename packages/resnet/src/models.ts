import { defineModel, type Weights } from '@cnnzoo/core/family';
import { basicBlock, bottleneck } from './blocks.js';
import { type ResNetConfig, resnet } from './resnet.js';
import { type ResNetCifarConfig, resnetCifar } from './resnet-cifar.js';
import * as weights from './weights.js';

const imagenet = <Names extends string>(name: string, config: ResNetConfig, weights: Weights<Names>) =>
  defineModel({ name, net: resnet(config), head: 'fc', inputShape: [224, 224, 3], numClasses: 1000, weights });

const cifar = <Names extends string>(name: string, config: ResNetCifarConfig, weights: Weights<Names>) =>
  defineModel({ name, net: resnetCifar(config), head: 'fc', inputShape: [32, 32, 3], numClasses: 10, weights });

/** ResNet of 18 layers. */
export const resnet18 = /* @__PURE__ */ imagenet(
  'resnet18',
  { block: basicBlock, depths: [2, 2, 2, 2] },
  weights.resnet18,
);

/** ResNet of 34 layers. */
export const resnet34 = /* @__PURE__ */ imagenet(
  'resnet34',
  { block: basicBlock, depths: [3, 4, 6, 3] },
  weights.resnet34,
);

/** ResNet of 50 layers. */
export const resnet50 = /* @__PURE__ */ imagenet(
  'resnet50',
  { block: bottleneck, depths: [3, 4, 6, 3] },
  weights.resnet50,
);

/** ResNet of 101 layers. */
export const resnet101 = /* @__PURE__ */ imagenet(
  'resnet101',
  { block: bottleneck, depths: [3, 4, 23, 3] },
  weights.resnet101,
);

/** ResNet of 152 layers. */
export const resnet152 = /* @__PURE__ */ imagenet(
  'resnet152',
  { block: bottleneck, depths: [3, 8, 36, 3] },
  weights.resnet152,
);

/** Wide ResNet of 50 layers, twice as wide inside. */
export const wide_resnet50_2 = /* @__PURE__ */ imagenet(
  'wide_resnet50_2',
  { block: bottleneck, depths: [3, 4, 6, 3], widthPerGroup: 128 },
  weights.wide_resnet50_2,
);

/** Wide ResNet of 101 layers, twice as wide inside. */
export const wide_resnet101_2 = /* @__PURE__ */ imagenet(
  'wide_resnet101_2',
  { block: bottleneck, depths: [3, 4, 23, 3], widthPerGroup: 128 },
  weights.wide_resnet101_2,
);

/** ResNeXt of 50 layers, 32 groups of 4 channels. */
export const resnext50_32x4d = /* @__PURE__ */ imagenet(
  'resnext50_32x4d',
  { block: bottleneck, depths: [3, 4, 6, 3], groups: 32, widthPerGroup: 4 },
  weights.resnext50_32x4d,
);

/** ResNeXt of 101 layers, 32 groups of 8 channels. */
export const resnext101_32x8d = /* @__PURE__ */ imagenet(
  'resnext101_32x8d',
  { block: bottleneck, depths: [3, 4, 23, 3], groups: 32, widthPerGroup: 8 },
  weights.resnext101_32x8d,
);

/** ResNeXt of 101 layers, 64 groups of 4 channels. */
export const resnext101_64x4d = /* @__PURE__ */ imagenet(
  'resnext101_64x4d',
  { block: bottleneck, depths: [3, 4, 23, 3], groups: 64, widthPerGroup: 4 },
  weights.resnext101_64x4d,
);

/** ResNet of 20 layers for CIFAR-10. */
export const resnet20 = /* @__PURE__ */ cifar('resnet20', { depth: 3 }, weights.resnet20);

/** ResNet of 32 layers for CIFAR-10. */
export const resnet32 = /* @__PURE__ */ cifar('resnet32', { depth: 5 }, weights.resnet32);

/** ResNet of 44 layers for CIFAR-10. */
export const resnet44 = /* @__PURE__ */ cifar('resnet44', { depth: 7 }, weights.resnet44);

/** ResNet of 56 layers for CIFAR-10. */
export const resnet56 = /* @__PURE__ */ cifar('resnet56', { depth: 9 }, weights.resnet56);

/** ResNet of 110 layers for CIFAR-10. */
export const resnet110 = /* @__PURE__ */ cifar('resnet110', { depth: 18 }, weights.resnet110);

/** Every variant by name: torchvision's if it has one. */
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
