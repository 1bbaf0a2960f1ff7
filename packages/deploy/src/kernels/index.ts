export { KernelsEngine, type KernelsOptions } from './kernels-engine.js';
export type { Observe } from './program.js';
