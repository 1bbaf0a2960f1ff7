export * from '@cnnzoo/core/shared';
export * from './models.js';
export { type VggBlockOptions, type VggConfig, type VggOptions, vgg, vggBlock } from './vgg.js';
