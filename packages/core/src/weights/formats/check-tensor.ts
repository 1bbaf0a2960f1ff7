// Apart from memory.ts: writers need it at once, readers are loaded when called.
import { isTypedArray } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import type { DType, StateTensor } from '../tensors.js';

/** The typed array of each type. */
export const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

const isShape = (shape: unknown): shape is readonly number[] =>
  Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);

/** Throws unless `tensor` has a shape, and a typed array that fits it. */
export function checkTensor(key: string, tensor: unknown): asserts tensor is StateTensor {
  const { shape, dtype, data } = (tensor ?? {}) as Partial<StateTensor>;
  if (
    !isShape(shape) ||
    dtype === undefined ||
    !Object.hasOwn(ARRAYS, dtype) ||
    !isTypedArray(data, ARRAYS[dtype].name)
  )
    throw new CnnzooError(
      'INPUT',
      `'${key}': expected { shape, dtype, data } with dtype one of ${Object.keys(ARRAYS).join(', ')} and a typed array ` +
        `of that type, received shape ${String(shape)}, dtype ${String(dtype)} and ${data?.constructor?.name ?? String(data)}.`,
    );
  const size = numel(shape);
  if (data!.length !== size)
    throw new CnnzooError('INPUT', `'${key}': expected ${size} values for shape [${shape}], received ${data!.length}.`);
}
