export * from '@cnnzoo/core/shared';
export { type GoogLeNetConfig, type GoogLeNetOptions, googLeNet } from './googlenet.js';
export {
  biased,
  type InceptionOptions,
  type InceptionWidths,
  inception,
  normed,
  type Unit,
  type UnitOptions,
} from './inception.js';
export * from './models.js';
