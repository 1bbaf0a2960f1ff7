import { util } from '@tensorflow/tfjs-core';
import { misfit, optionalNumbers } from './checks.js';
import type { KernelCall } from './registry.js';

/** Returns a copy of the values of the input `bias`, one a column; undefined if there is none. One value is for all. */
export function biasOf(call: KernelCall, columns: number): Float32Array | undefined {
  const bias = optionalNumbers(call, 'bias');
  if (!bias) return undefined;
  const size = util.sizeFromShape(bias.shape);
  if (size === 1) return new Float32Array(columns).fill(call.tensors.values(bias)[0]!);
  if (size !== columns || bias.shape.at(-1) !== columns)
    throw misfit(call, `bias of shape [${columns}]`, `[${bias.shape}]`);
  return call.tensors.copy(bias);
}
