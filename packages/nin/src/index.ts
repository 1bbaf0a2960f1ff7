export * from '@cnnzoo/core/shared';
export * from './models.js';
export { type NinBlockOptions, type NinOptions, ninBlock, ninConv, ninImageNet } from './nin.js';
export { ninCifar } from './nin-cifar.js';
