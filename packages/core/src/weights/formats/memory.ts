import { isMap, isTypedArray } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import type { DType, LazyTensor, StateDict, StateTensor, TensorFile } from '../tensors.js';
import { STORED_AS } from './stored-as.js';

const ARRAYS = {
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

/** A tensor that shares no memory with the given one, whose array may be another realm's. */
const copyOfTensor = ({ shape, dtype, data }: StateTensor): StateTensor =>
  ({ shape: [...shape], dtype, data: new ARRAYS[dtype](data as never) }) as StateTensor;

/** A state dict, or a plain record of tensors, behind the interface of a file. */
export function memoryTensors(state: StateDict | Readonly<Record<string, StateTensor>>): TensorFile {
  if (typeof state !== 'object' || state === null || ArrayBuffer.isView(state))
    throw new CnnzooError(
      'INPUT',
      `expected a path, URL, bytes, Blob or state dict, received ${ArrayBuffer.isView(state) ? state.constructor.name : String(state)}.`,
    );
  const entries = (isMap(state) ? [...state] : Object.entries(state)) as [string, unknown][];
  const tensors = new Map(
    entries.map(([key, tensor]): [string, LazyTensor] => {
      checkTensor(key, tensor);
      const { shape, dtype } = tensor;
      return [key, { shape, dtype, stored: STORED_AS[dtype], read: async () => copyOfTensor(tensor) }];
    }),
  );
  return { format: 'memory', tensors, metadata: {}, inert: [], close: async () => {} };
}
