export * from './models.js';
export { type BlockOptions, type VggConfig, vgg, vggBlock } from './vgg.js';
