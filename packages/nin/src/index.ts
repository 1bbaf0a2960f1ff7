export * from './models.js';
export { type NinConvOptions, ninBlock, ninConv, ninImageNet } from './nin.js';
export { ninCifar } from './nin-cifar.js';
