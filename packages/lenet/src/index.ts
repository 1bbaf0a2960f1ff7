export { type LeNetConfig, lenet } from './lenet.js';
export * from './models.js';
