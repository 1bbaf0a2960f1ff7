export * from '@cnnzoo/core/shared';
export { type AlexNetOptions, alexNet } from './alexnet.js';
export * from './models.js';
