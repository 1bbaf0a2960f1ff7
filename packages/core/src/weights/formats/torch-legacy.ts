import { CnnzooError } from '../../errors.js';
import type { ByteSource } from '../read-buffer.js';
import type { TensorFile } from '../tensors.js';
import { findStateDict } from './find-state-dict.js';
import { describe, PickleEnds, readPickle, type Value } from './pickle.js';
import { torchHandlers } from './torch-objects.js';
import type { StorageRef } from './torch-refs.js';
import { lazyTensors, type ReadStorage } from './torch-tensors.js';

/** The ten-byte integer that torch calls its magic number: the first pickle of the format, after the protocol. */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
/** Opcode and length of the frame that protocols from 4 on put around it. */
const FRAME = 9;

/** A state dict's pickles are a few hundred kilobytes; more of the file is read only where this was not enough. */
const HEAD = 2 ** 20;

export const isTorchLegacy = (start: Uint8Array): boolean =>
  start[0] === 0x80 && [2, 2 + FRAME].some((at) => MAGIC.every((byte, i) => start[at + i] === byte));

interface Head {
  readonly state: Value;
  readonly keys: Value;
  /** All that the state names, an optimizer's among them: they lie between those of the state dict. */
  readonly storages: ReadonlyMap<string, StorageRef>;
  readonly inert: readonly string[];
  /** Where the storages begin. */
  readonly end: number;
}

/** Magic number, protocol and system, which are read over, then the state dict and the order of the storages. */
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
export async function openTorchLegacy(source: ByteSource, key?: string): Promise<TensorFile> {
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

/** Where each storage's values begin. Each comes with its number of values in front, as a 64-bit integer. */
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
