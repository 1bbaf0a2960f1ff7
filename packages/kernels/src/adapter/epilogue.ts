import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { Activation } from '../ops/index.js';
import { misfit, optionalNumbers } from './checks.js';
import type { KernelCall } from './registry.js';
import type { WasmTensors } from './wasm-tensors.js';

/* Operations after a product: adding the bias and applying the activation. */

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: Activation.linear,
  relu: Activation.relu,
  relu6: Activation.relu6,
};

/** Returns the activation of a fused kernel; undefined if our kernels lack it. */
export const activationOf = (name: unknown = 'linear'): Activation | undefined =>
  typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;

/**
 * Returns a copy of the input `bias` as one value a column; undefined if there is none. A bias of one value applies to
 * all columns.
 */
export function biasOf(call: KernelCall, columns: number): Float32Array | undefined {
  const bias = optionalNumbers(call, 'bias');
  if (!bias) return undefined;
  const size = util.sizeFromShape(bias.shape);
  if (size === 1) return new Float32Array(columns).fill(call.tensors.values(bias)[0]!);
  if (size !== columns || bias.shape.at(-1) !== columns)
    throw misfit(call, `bias of shape [${columns}]`, `[${bias.shape}]`);
  return call.tensors.copy(bias);
}

/** Returns the product of operands without values: activation(bias), or activation(0), at every position. */
export function withoutTerms(
  tensors: WasmTensors,
  shape: readonly number[],
  bias: Float32Array | undefined,
  activation: Activation,
): TensorInfo {
  const output = tensors.zeros(shape);
  if (!bias || bias.length === 0) return output;
  const row = bias.map((value) => {
    const positive = activation === Activation.linear ? value : Math.max(0, value);
    return activation === Activation.relu6 ? Math.min(6, positive) : positive;
  });
  const values = tensors.values(output);
  for (let at = 0; at < values.length; at += row.length) values.set(row, at);
  return output;
}
