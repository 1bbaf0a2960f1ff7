export { type AlexNetOptions, alexNet } from './alexnet.js';
export * from './models.js';
