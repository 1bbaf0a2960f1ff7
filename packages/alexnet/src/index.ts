export { alexNet } from './alexnet.js';
export * from './models.js';
