import type { TensorInfo } from '@tensorflow/tfjs-core';
import { Activation } from '../ops/product.js';
import type { WasmTensors } from './wasm-tensors.js';

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
