export { CnnzooError, type ErrorCode } from './errors.js';
export { Random, type RandomState } from './random.js';
