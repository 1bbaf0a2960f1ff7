import { batchNorm } from './batch-norm.js';
import { convolution } from './convolution.js';
import { identity } from './identity.js';
import { matMul } from './matmul.js';
import { optimizer } from './optimizer.js';
import { pool } from './pool.js';
import { reduce } from './reduce.js';
import type { KernelFamily } from './registry.js';
import { relu } from './relu.js';
import { softmax } from './softmax.js';
import { tile } from './tile.js';

/** All families of kernels, in the order of their registration. */
export const families: readonly KernelFamily[] = [
  convolution,
  matMul,
  pool,
  batchNorm,
  relu,
  optimizer,
  softmax,
  reduce,
  identity,
  tile,
];
