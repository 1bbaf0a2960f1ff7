import { CnnzooError, copyOf, numel } from '../../util/index.js';
import type { ByteSource, ReadBuffer } from '../../util/late.js';
import { STORED, toTensor } from '../dtypes.js';
import { foreignArchiveOf, foreignError } from '../foreign.js';
import type { LazyTensor, StateTensor, TensorFile } from '../tensors.js';
import { findStateDict } from './find-state-dict.js';
import { type StorageRef, type TensorRef, type TensorView, torchHandlers } from './objects.js';
import { describe, PickleEnds, readPickle, type Value } from './pickle.js';
import { readZip } from './zip.js';

/** Reads all bytes of a storage, into `into` if the reader can use it. */
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

/** Integer array by log2 of a value's bytes. Copying floats as integers keeps every bit, NaN payloads too. */
const UNITS: readonly {
  new (length: number): Units;
  new (buffer: ArrayBufferLike, offset: number, length: number): Units;
}[] = [Uint8Array, Uint16Array, Uint32Array, BigUint64Array];

/** Returns axes to walk over: axes of size 1 are dropped, contiguous neighbours are merged. */
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
    // A storage used whole by one tensor is returned as is; any other is copied, because the caller may change it.
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

const PICKLE = 'data.pkl';

/** Reads the format of `torch.save` since PyTorch 1.6: a zip archive of a pickle and the storages. */
export async function readTorchZip(source: ByteSource, intact: boolean, key?: string): Promise<TensorFile> {
  const zip = await readZip(source, intact);
  const pickleName = zip.names.find((name) => name === PICKLE || name.endsWith(`/${PICKLE}`));
  if (!pickleName) throw foreignError(source.name, foreignArchiveOf(zip.names));
  const folder = pickleName.slice(0, -PICKLE.length);
  if (zip.names.includes(`${folder}constants.pkl`))
    throw foreignError(source.name, {
      what: 'a TorchScript program',
      wayOut: 'Write its weights in Python: torch.save(torch.jit.load(path).state_dict(), other).',
    });
  const order = zip.names.includes(`${folder}byteorder`)
    ? new TextDecoder().decode(await zip.read(`${folder}byteorder`))
    : 'little';
  if (order !== 'little' && order !== 'big')
    throw new CnnzooError('FORMAT', `'${source.name}': expected byte order little or big, received '${order}'.`);

  const readStorage: ReadStorage = async ({ key, type, count }, into) => {
    const bytes = await zip.read(`${folder}data/${key}`, into);
    if (bytes.length !== count * type.bytes)
      throw new CnnzooError(
        'FORMAT',
        `'${source.name}': expected ${count * type.bytes} bytes in storage ${key}, received ${bytes.length}.`,
      );
    return bytes;
  };
  const handlers = torchHandlers(source.name);
  const { value } = readPickle(await zip.read(pickleName), handlers, source.name);
  const { tensors: refs, ...place } = findStateDict(value, source.name, key);
  const tensors = lazyTensors(refs, readStorage, source.name, order === 'big');
  return {
    format: 'torch-zip',
    tensors,
    metadata: {},
    ...place,
    inert: [...handlers.unknown],
    close: () => source.close(),
  };
}

/** First pickle of the format, after its protocol bytes: torch's magic number, an integer of ten bytes. */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
/** Bytes of the frame's opcode and length, which protocols from 4 on write before the magic number. */
const FRAME = 9;

/** First bytes to read. A state dict's pickles are a few hundred kilobytes; more is read only if they are longer. */
const HEAD = 2 ** 20;

export const isTorchLegacy = (start: Uint8Array): boolean =>
  start[0] === 0x80 && [2, 2 + FRAME].some((at) => MAGIC.every((byte, i) => start[at + i] === byte));

interface Head {
  readonly state: Value;
  readonly keys: Value;
  /** All storages of the file by key, an optimizer's included: they lie between those of the state dict. */
  readonly storages: ReadonlyMap<string, StorageRef>;
  readonly inert: readonly string[];
  /** Offset of the first storage, in bytes. */
  readonly end: number;
}

/** Skips magic number, protocol and system; reads the state dict and the order of the storages. */
function readHead(bytes: Uint8Array, name: string): Head {
  const handlers = torchHandlers(name);
  let at = 0;
  const next = (): Value => {
    const { value, end } = readPickle(bytes, handlers, name, at);
    at = end;
    return value;
  };
  next();
  const protocol = next();
  if (protocol !== 1001)
    throw new CnnzooError('FORMAT', `'${name}': expected torch's format 1001, received ${describe(protocol)}.`);
  // The system it was written on: the values are little-endian on all.
  next();
  const [state, keys] = [next(), next()];
  return { state, keys, storages: handlers.storages, inert: [...handlers.unknown], end: at };
}

async function readWholeHead(source: ByteSource): Promise<Head> {
  for (let size = HEAD; ; size *= 4) {
    const length = Math.min(size, source.size);
    try {
      return readHead(await source.read(0, length), source.name);
    } catch (error) {
      if (!(error instanceof PickleEnds) || length === source.size) throw error;
    }
  }
}

/** Reads what `torch.save` wrote before PyTorch 1.6: five pickles, then the storages one after the other. */
export async function readTorchLegacy(source: ByteSource, key?: string): Promise<TensorFile> {
  const damaged = (why: string): CnnzooError =>
    new CnnzooError('FORMAT', `'${source.name}' is not a whole checkpoint: ${why}. Fetch the file again.`);
  const { state, keys, storages, inert, end } = await readWholeHead(source);
  const { tensors, ...place } = findStateDict(state, source.name, key);
  const places = await storagePlaces(source, keys, storages, end, damaged);
  const readStorage: ReadStorage = async ({ key, type, count }, into) => {
    const place = places.get(key);
    if (place === undefined) throw damaged(`it lacks storage ${key}`);
    return source.read(place, count * type.bytes, into);
  };
  return {
    format: 'torch-legacy',
    tensors: lazyTensors(tensors, readStorage, source.name),
    metadata: {},
    ...place,
    inert,
    close: () => source.close(),
  };
}

/** Reads the offset of each storage's values. Their number comes before them, as a 64-bit integer. */
async function storagePlaces(
  source: ByteSource,
  keys: Value,
  storages: ReadonlyMap<string, StorageRef>,
  start: number,
  damaged: (why: string) => CnnzooError,
): Promise<Map<string, number>> {
  if (!Array.isArray(keys)) throw damaged('it lacks the list of its storages');
  const places = new Map<string, number>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key as string);
    if (!storage) throw damaged(`storage ${describe(key)} belongs to no tensor`);
    if (at + 8 > source.size) throw damaged(`it ends before storage ${storage.key}`);
    const header = await source.read(at, 8);
    const count = new DataView(header.buffer, header.byteOffset, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.count))
      throw damaged(`expected ${storage.count} values in storage ${storage.key}, received ${count}`);
    places.set(storage.key, at + 8);
    at += 8 + storage.count * storage.type.bytes;
    if (at > source.size) throw damaged(`it ends inside storage ${storage.key}`);
  }
  return places;
}
