export * from '@cnnzoo/core/shared';
export { type LeNetConfig, lenet } from './lenet.js';
export * from './models.js';
