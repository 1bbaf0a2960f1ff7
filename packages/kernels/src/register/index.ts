import { batchNorm } from './batch-norm.js';
import { convolution } from './convolution.js';
import { matMul } from './matmul.js';
import { optimizer } from './optimizer.js';
import { pool } from './pool.js';
import type { KernelFamily } from './registry.js';

/** All families of kernels, in the order of their registration. */
export const families: readonly KernelFamily[] = [convolution, matMul, pool, batchNorm, optimizer];
