export { type AccelerateOptions, type Acceleration, accelerate } from './accelerate.js';
export type * from './contract.js';
export { KernelError } from './errors.js';
