import { copyOf } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import type { ReadBuffer } from '../read-buffer.js';
import type { LazyTensor, StateTensor } from '../tensors.js';
import { STORED, toTensor } from './stored.js';
import type { StorageRef, TensorRef, TensorView } from './torch-refs.js';

/** Reads a whole storage: its bytes, which may lie in `into`. */
export type ReadStorage = (storage: StorageRef, into?: ReadBuffer) => Promise<Uint8Array>;

function isContiguous({ shape, strides }: TensorView): boolean {
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
function axesOf({ shape, strides }: TensorView): [size: number, stride: number][] {
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
function gather(bytes: Uint8Array, view: TensorView): Uint8Array {
  const { shape, stored, begin } = view;
  const each = STORED[stored].bytes;
  const Unit = UNITS[Math.log2(each)]!;
  const place = bytes.subarray(begin, bytes.length - ((bytes.length - begin) % each));
  const aligned = place.byteOffset % each === 0 ? place : copyOf(place);
  const values = new Unit(aligned.buffer, aligned.byteOffset, aligned.length / each);
  const out = new Unit(numel(shape));
  const axes = axesOf(view);
  let to = 0;
  const walk = (axis: number, start: number): void => {
    const [size, stride] = axes[axis] ?? [1, 0];
    let from = start;
    for (let i = 0; i < size; i++, from += stride) {
      if (axis + 1 < axes.length) walk(axis + 1, from);
      else out[to++] = values[from]!;
    }
  };
  walk(0, 0);
  return new Uint8Array(out.buffer);
}

/** Turns each value of `size` bytes around. */
function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const out = copyOf(bytes);
  for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

/** The bytes of a tensor's values. `mayView`: they may lie in the storage's bytes. */
function bytesOf(bytes: Uint8Array, view: TensorView, mayView: boolean): Uint8Array {
  if (!isContiguous(view)) return gather(bytes, view);
  const values = bytes.subarray(view.begin, view.begin + sizeOf(view));
  return mayView ? values : copyOf(values);
}

const sizeOf = ({ shape, stored }: TensorView): number => numel(shape) * STORED[stored].bytes;

/** Values that views may unfold to beyond twice what the storages hold: a quarter of a gigabyte of float32. */
const MAX_UNFOLDED = 2 ** 26;

/** A view that repeats its values can be of any size, in a file of a kilobyte: such are refused before any is made. */
function checkUnfolded(views: readonly TensorView[], name: string): void {
  const held = new Map(views.map(({ storage }) => [storage.key, storage.count]));
  const limit = MAX_UNFOLDED + 2 * [...held.values()].reduce((sum, count) => sum + count, 0);
  const copied = views.reduce((sum, view) => sum + (isContiguous(view) ? 0 : numel(view.shape)), 0);
  if (copied > limit)
    throw new CnnzooError(
      'FORMAT',
      `'${name}' holds views that unfold to ${copied} values: expected at most ${limit}. ` +
        'Save contiguous tensors, or fetch the file again if it is damaged.',
    );
}

/**
 * The tensors of a state dict, whose values are read when asked for. A storage that several tensors share is kept from
 * the first of them to the last, so that it is read once and no longer held than it has to be. `isBig`: its values are
 * big-endian.
 */
export function lazyTensors(
  state: ReadonlyMap<string, TensorRef>,
  readStorage: ReadStorage,
  name: string,
  isBig = false,
): Map<string, LazyTensor> {
  const views = [...state.values()].map(({ view }) => view);
  checkUnfolded(views, name);
  const users = new Map<string, number>();
  for (const view of views.filter((each) => sizeOf(each) > 0))
    users.set(view.storage.key, (users.get(view.storage.key) ?? 0) + 1);
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

  const readView = async (view: TensorView, into: ReadBuffer | undefined): Promise<StateTensor> => {
    const { shape, stored, storage } = view;
    const size = sizeOf(view);
    if (size === 0) return toTensor(new Uint8Array(0), stored, shape);
    // A storage that is one tensor's alone is its values; any other stays apart from what a caller may change.
    const isWhole = users.get(storage.key) === 1 && size === storage.count * storage.type.bytes;
    const bytes = bytesOf(await storageBytes(storage, into), view, isWhole || into !== undefined);
    return toTensor(isBig ? swapped(bytes, STORED[stored].bytes) : bytes, stored, shape);
  };

  return new Map(
    [...state].map(([key, { view }]): [string, LazyTensor] => {
      const { shape, stored } = view;
      return [key, { shape, dtype: STORED[stored].dtype, stored, read: (into) => readView(view, into) }];
    }),
  );
}
