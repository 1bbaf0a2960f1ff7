/* Kernels for tfjs. Each checks the tensors it receives, computes with `ops`, and returns tensors. */
import { batchNorm } from './batch-norm.js';
import { convolution } from './convolution.js';
import { copies } from './copies.js';
import { matMul } from './matmul.js';
import { optimizer } from './optimizer.js';
import { pool } from './pool.js';
import { reduce } from './reduce.js';
import type { KernelFamily, Kernels } from './registry.js';
import { relu } from './relu.js';
import { softmax } from './softmax.js';

export { Heaps } from './heaps.js';
export { PackedWeights } from './packed-weights.js';
export { type KernelContext, register } from './registry.js';

/** Returns all kernels in the order of their registration. */
export const kernelsOf: KernelFamily<Kernels> = (context) => ({
  ...convolution(context),
  ...matMul(context),
  ...pool(),
  ...batchNorm(),
  ...relu(),
  ...optimizer(context),
  ...softmax(),
  ...reduce(),
  ...copies(),
});
