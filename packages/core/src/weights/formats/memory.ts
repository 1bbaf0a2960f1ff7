import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import type { DType, LazyTensor, StateDict, StateTensor, TensorFile } from '../tensors.js';
import { STORED_AS } from './stored-as.js';

const ARRAYS: Readonly<Record<DType, { new (): { length: number } }>> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

const isShape = (shape: unknown): shape is readonly number[] =>
  Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);

/** Throws unless `tensor` has a shape, and a typed array that fits it. */
export function checkTensor(key: string, tensor: unknown): asserts tensor is StateTensor {
  const { shape, dtype, data } = (tensor ?? {}) as Partial<StateTensor>;
  if (!isShape(shape) || dtype === undefined || !Object.hasOwn(ARRAYS, dtype) || !(data instanceof ARRAYS[dtype]))
    throw new CnnzooError(
      'INPUT',
      `'${key}': expected { shape, dtype, data } with dtype one of ${Object.keys(ARRAYS).join(', ')} and a typed array ` +
        `of that type, received shape ${String(shape)}, dtype ${String(dtype)} and ${data?.constructor?.name ?? String(data)}.`,
    );
  const size = numel(shape);
  if (data.length !== size)
    throw new CnnzooError('INPUT', `'${key}': expected ${size} values for shape [${shape}], received ${data.length}.`);
}

/** A state dict, or a plain record of tensors, behind the interface of a file. */
export function memoryTensors(state: StateDict | Readonly<Record<string, StateTensor>>): TensorFile {
  if (typeof state !== 'object' || state === null)
    throw new CnnzooError('INPUT', `expected a path, URL, bytes, Blob or state dict, received ${String(state)}.`);
  const entries = state instanceof Map ? [...state] : Object.entries(state);
  const tensors = new Map(
    entries.map(([key, tensor]): [string, LazyTensor] => {
      checkTensor(key, tensor);
      const { shape, dtype } = tensor;
      return [key, { shape, dtype, stored: STORED_AS[dtype], read: async () => tensor }];
    }),
  );
  return { format: 'memory', tensors, metadata: {}, close: async () => {} };
}
