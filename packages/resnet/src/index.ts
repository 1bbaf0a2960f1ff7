export * from './models.js';
export {
  type BasicBlockOptions,
  type BottleneckOptions,
  basicBlock,
  bottleneck,
  type ResNetConfig,
  type ResNetOptions,
  resnet,
} from './resnet.js';
export { type ResNetCifarConfig, type ResNetCifarOptions, resnetCifar } from './resnet-cifar.js';
