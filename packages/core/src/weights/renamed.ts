import { at, isUnder } from '../layers/layer.js';
import { numel } from '../shape.js';
import type { LazyTensor, TensorFile } from './tensors.js';

/**
 * A file whose keys under one of `renamed`'s prefixes have its other name. A linear layer that was stored as a
 * convolution over its whole input, [out, in, h, w], is a matrix again, [out, in * h * w]: the same values in the same order.
 */
export function renameTensors(file: TensorFile, renamed: Readonly<Record<string, string>>): TensorFile {
  const tensors = new Map(
    [...file.tensors].map(([key, lazy]): [string, LazyTensor] => {
      const prefix = Object.keys(renamed).find((candidate) => isUnder(candidate, key));
      return prefix === undefined
        ? [key, lazy]
        : [at(renamed[prefix]!, key.slice(prefix.length + 1)), lazy.shape.length === 4 ? asMatrix(lazy) : lazy];
    }),
  );
  return { ...file, tensors, close: () => file.close() };
}

function asMatrix({ shape: kernel, dtype, stored, read }: LazyTensor): LazyTensor {
  const shape = [kernel[0]!, numel(kernel.slice(1))];
  // Not what a turned file holds: there a kernel's values lie in another order than a matrix'.
  return { shape, dtype, stored, read: async (into) => ({ ...(await read(into)), shape }) };
}
