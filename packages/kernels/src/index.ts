export { type AccelerateOptions, type Acceleration, accelerate } from './accelerate.js';
export { KernelError } from './errors.js';
