import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { Activation } from '../ops/index.js';
import { misfit, optionalNumbers } from './checks.js';
import type { KernelCall } from './registry.js';
import type { WasmTensors } from './wasm-tensors.js';

/* The end of a product: its bias and its activation. */

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: Activation.linear,
  relu: Activation.relu,
  relu6: Activation.relu6,
};

/** Returns the activation of a fused kernel's attributes; undefined if the kernels don't have it. */
export const activationOf = (name: unknown = 'linear'): Activation | undefined =>
  typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;

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

/** Returns the product of operands that have no values: the bias, or zeros, at every position, through the activation. */
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
