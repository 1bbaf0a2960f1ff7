export * from '@cnnzoo/core/shared';
export { type BasicBlockOptions, type BottleneckOptions, basicBlock, bottleneck } from './blocks.js';
export * from './models.js';
export { type ResNetConfig, type ResNetOptions, resnet } from './resnet.js';
export { type ResNetCifarConfig, type ResNetCifarOptions, resnetCifar } from './resnet-cifar.js';
