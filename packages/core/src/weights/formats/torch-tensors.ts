import type { ReadBuffer } from '../read-buffer.js';
import type { LazyTensor, StateTensor } from '../tensors.js';
import { STORED, toTensor } from './stored.js';
import type { StorageRef, TensorRef } from './torch-objects.js';

/** Reads a whole storage: its bytes, little-endian, which may lie in `into`. */
export type ReadStorage = (storage: StorageRef, into?: ReadBuffer) => Promise<Uint8Array>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function isContiguous({ shape, strides }: TensorRef): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i]!;
  }
  return true;
}

/** Copies the values of a view with any strides, row-major. `bytes` is the storage. */
function gather(bytes: Uint8Array, { shape, strides, offset, storage }: TensorRef): Uint8Array {
  const each = STORED[storage.stored].bytes;
  const out = new Uint8Array(sizeOf(shape) * each);
  const index = new Array<number>(shape.length).fill(0);
  let from = storage.start + offset;
  for (let to = 0; to < out.length; to += each) {
    for (let byte = 0; byte < each; byte++) out[to + byte] = bytes[from * each + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function valuesOf(bytes: Uint8Array, tensor: TensorRef): StateTensor {
  const { shape, offset, storage } = tensor;
  const each = STORED[storage.stored].bytes;
  if (sizeOf(shape) === 0) return toTensor(new Uint8Array(0), storage.stored, shape);
  if (!isContiguous(tensor)) return toTensor(gather(bytes, tensor), storage.stored, shape);
  const begin = (storage.start + offset) * each;
  return toTensor(bytes.subarray(begin, begin + sizeOf(shape) * each), storage.stored, shape);
}

/**
 * The tensors of a state dict, whose values are read when asked for. A storage that several tensors share is kept from
 * the first of them to the last, so that it is read once and no longer held than it has to be.
 */
export function lazyTensors(state: ReadonlyMap<string, TensorRef>, readStorage: ReadStorage): Map<string, LazyTensor> {
  const users = new Map<string, number>();
  for (const { storage } of state.values()) users.set(storage.key, (users.get(storage.key) ?? 0) + 1);
  const kept = new Map<string, { bytes: Promise<Uint8Array>; left: number }>();

  const storageBytes = (storage: StorageRef, into: ReadBuffer | undefined): Promise<Uint8Array> => {
    const sharers = users.get(storage.key)!;
    if (sharers === 1) return readStorage(storage, into);
    const entry = kept.get(storage.key) ?? { bytes: readStorage(storage), left: sharers };
    entry.left -= 1;
    if (entry.left > 0) kept.set(storage.key, entry);
    else kept.delete(storage.key);
    entry.bytes.catch(() => kept.delete(storage.key));
    return entry.bytes;
  };

  return new Map(
    [...state].map(([key, tensor]): [string, LazyTensor] => {
      const { stored } = tensor.storage;
      const read = async (into?: ReadBuffer) => valuesOf(await storageBytes(tensor.storage, into), tensor);
      return [key, { shape: tensor.shape, dtype: STORED[stored].dtype, stored, read }];
    }),
  );
}
