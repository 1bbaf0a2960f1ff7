import { batchNorm } from './batch-norm.js';
import { pool } from './pool.js';
import type { KernelFamily } from './registry.js';

/** All families of kernels, in the order of their registration. */
export const families: readonly KernelFamily[] = [pool, batchNorm];
