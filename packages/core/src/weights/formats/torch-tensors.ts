import { copyOf } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import type { ReadBuffer } from '../read-buffer.js';
import type { LazyTensor, StateTensor } from '../tensors.js';
import { STORED, toTensor } from './stored.js';
import type { StorageRef, TensorRef } from './torch-objects.js';

/** Reads a whole storage: its bytes, little-endian, which may lie in `into`. */
export type ReadStorage = (storage: StorageRef, into?: ReadBuffer) => Promise<Uint8Array>;

function isContiguous({ shape, strides }: TensorRef): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i]!;
  }
  return true;
}

type Units = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** Integers of a value's size, by the logarithm of it: moved as such, floats keep every bit. */
const UNITS: readonly {
  new (length: number): Units;
  new (buffer: ArrayBufferLike, offset: number, length: number): Units;
}[] = [Uint8Array, Uint16Array, Uint32Array, BigUint64Array];

/** The axes that a walk over a view needs: those of one value left out, those that lie as one joined. */
function axesOf({ shape, strides }: TensorRef): [size: number, stride: number][] {
  const axes: [size: number, stride: number][] = [];
  for (const [i, size] of shape.entries()) {
    const last = axes.at(-1);
    if (size === 1) continue;
    if (last && last[1] === size * strides[i]!) axes[axes.length - 1] = [last[0] * size, strides[i]!];
    else axes.push([size, strides[i]!]);
  }
  return axes;
}

/** Copies the values of a view with any strides, row-major. `bytes` is the storage. */
function gather(bytes: Uint8Array, tensor: TensorRef): Uint8Array {
  const { shape, storage, offset } = tensor;
  const each = STORED[storage.stored].bytes;
  const Unit = UNITS[Math.log2(each)]!;
  const aligned = bytes.byteOffset % each === 0 ? bytes : copyOf(bytes);
  const values = new Unit(aligned.buffer, aligned.byteOffset, aligned.length / each);
  const out = new Unit(numel(shape));
  const axes = axesOf(tensor);
  let to = 0;
  const walk = (axis: number, start: number): void => {
    const [size, stride] = axes[axis] ?? [1, 0];
    let from = start;
    for (let i = 0; i < size; i++, from += stride) {
      if (axis + 1 < axes.length) walk(axis + 1, from);
      else out[to++] = values[from]!;
    }
  };
  walk(0, storage.start + offset);
  return new Uint8Array(out.buffer);
}

/** The values of a tensor. `mayView`: they may lie in the storage's bytes. */
function valuesOf(bytes: Uint8Array, tensor: TensorRef, mayView: boolean): StateTensor {
  const { shape, offset, storage } = tensor;
  const each = STORED[storage.stored].bytes;
  if (numel(shape) === 0) return toTensor(new Uint8Array(0), storage.stored, shape);
  if (!isContiguous(tensor)) return toTensor(gather(bytes, tensor), storage.stored, shape);
  const begin = (storage.start + offset) * each;
  const values = bytes.subarray(begin, begin + numel(shape) * each);
  return toTensor(mayView ? values : copyOf(values), storage.stored, shape);
}

/** Values that views may unfold to beyond twice what the storages hold: a quarter of a gigabyte of float32. */
const MAX_UNFOLDED = 2 ** 26;

/** A view that repeats its values can be of any size, in a file of a kilobyte: such are refused before any is made. */
function checkUnfolded(tensors: readonly TensorRef[], name: string): void {
  const held = new Map(tensors.map(({ storage }) => [storage.key, storage.count]));
  const limit = MAX_UNFOLDED + 2 * [...held.values()].reduce((sum, count) => sum + count, 0);
  const copied = tensors.reduce((sum, tensor) => sum + (isContiguous(tensor) ? 0 : numel(tensor.shape)), 0);
  if (copied > limit)
    throw new CnnzooError(
      'FORMAT',
      `'${name}' holds views that unfold to ${copied} values: expected at most ${limit}. ` +
        'Save contiguous tensors, or fetch the file again if it is damaged.',
    );
}

/**
 * The tensors of a state dict, whose values are read when asked for. A storage that several tensors share is kept from
 * the first of them to the last, so that it is read once and no longer held than it has to be.
 */
export function lazyTensors(
  state: ReadonlyMap<string, TensorRef>,
  readStorage: ReadStorage,
  name: string,
): Map<string, LazyTensor> {
  checkUnfolded([...state.values()], name);
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
      const { shape, storage } = tensor;
      // A storage that is one tensor's alone is its values; any other stays apart from what a caller may change.
      const isWhole = users.get(storage.key) === 1 && numel(shape) === storage.count;
      const read = async (into?: ReadBuffer) =>
        valuesOf(await storageBytes(storage, into), tensor, isWhole || into !== undefined);
      return [key, { shape, dtype: STORED[storage.stored].dtype, stored: storage.stored, read }];
    }),
  );
}
