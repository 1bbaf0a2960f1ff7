import { fetchBytes, fetchUrl, isFetched, openPath, PATIENCE, shownUrl } from '#platform';
import { CnnzooError, checkOptions, isArrayBuffer, isBlob, isBytes, isMap, isUrl } from '../util/index.js';
import { type ByteSource, blobSource, bytesSource } from '../util/late.js';
import { FOREIGN_START, foreignError, foreignOf } from './foreign.js';
import { dequantized } from './int8.js';
import { isSafetensors, readSafetensors } from './safetensors.js';
import type {
  FetchOptions,
  LazyTensor,
  ReadOptions,
  StateDict,
  StateTensor,
  TensorFile,
  WeightsSource,
} from './tensors.js';
import { underKey } from './torch/find-state-dict.js';
import { isTorchLegacy, readTorchLegacy, readTorchZip } from './torch/read.js';
import { isZip } from './torch/zip.js';
import { inTorchLayout } from './transposed.js';
import { ARRAYS, checkTensor, GRAPH_KEY, STORED_AS } from './write.js';

/** Returns the name of a checkpoint for messages: its path or URL, else the kind of value that it is. */
export function sourceName(source: WeightsSource): string {
  if (typeof source === 'string' || isUrl(source)) return String(source);
  if (isBlob(source)) return (source as { name?: string }).name ?? 'the blob';
  return isMap(source) || !('byteLength' in source) ? 'a state dict' : 'the bytes';
}

/** Copies a tensor, whose array may be another realm's. */
const copyOfTensor = ({ shape, dtype, data }: StateTensor): StateTensor =>
  ({ shape: [...shape], dtype, data: new ARRAYS[dtype](data as never) }) as StateTensor;

/** Wraps a state dict, or a plain record of tensors, as an opened checkpoint. */
function readMemory(state: StateDict | Readonly<Record<string, StateTensor>>): TensorFile {
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

/** Bytes of the largest checkpoint that is downloaded, and of the largest whose size nobody states. */
export const MAX_CHECKPOINT = 2 ** 32;
export const MAX_UNSTATED = 2 ** 30;
/** An hour for a checkpoint that is downloaded into memory, where a broken download starts again. */
const PACE = { ...PATIENCE, totalMs: 3_600_000 };

async function fetchSource(url: string, signal: AbortSignal | undefined): Promise<ByteSource> {
  const bytes = await fetchBytes(url, {
    fetch: fetchUrl,
    what: 'a checkpoint',
    maxBytes: MAX_CHECKPOINT,
    maxUnstated: MAX_UNSTATED,
    patience: PACE,
    signal,
    checkStart: (start) => checkStart(shownUrl(url), start),
  });
  return bytesSource(bytes, shownUrl(url));
}

/** Opens the bytes of a path, URL, buffer or Blob; undefined if the source is a state dict. */
export async function byteSourceOf(
  source: WeightsSource,
  { signal }: FetchOptions = {},
): Promise<ByteSource | undefined> {
  if (typeof source === 'string' || isUrl(source)) {
    const text = String(source);
    return isFetched(text) ? fetchSource(text, signal) : openPath(source, signal);
  }
  if (isBytes(source)) return bytesSource(source, 'the bytes');
  if (isArrayBuffer(source)) return bytesSource(new Uint8Array(source), 'the bytes');
  if (isBlob(source)) return blobSource(source, (source as { name?: string }).name ?? 'the blob');
  return undefined;
}

/** Options of reading a checkpoint's bytes. */
export interface ReadBytesOptions extends Pick<ReadOptions, 'key'> {
  /** True if the hash of the bytes was compared: checksums inside them are skipped. Default: false. */
  readonly intact?: boolean;
}

/** The tensors of a checkpoint whose keys begin with `key`. Default: all. */
const underKeyOf = (file: TensorFile, key: string | undefined, name: string): TensorFile =>
  key === undefined ? file : { ...file, tensors: underKey(file.tensors, key, name), key };

/** Reads the tensors of a checkpoint of any format, told apart by its content. Closing the result closes the bytes. */
export async function readByteSource(
  source: ByteSource,
  { intact = false, key }: ReadBytesOptions = {},
): Promise<TensorFile> {
  const start = await source.read(0, Math.min(source.size, 64));
  switch (formatOf(start, source.size)) {
    case 'torch-zip':
      return readTorchZip(source, intact, key);
    case 'torch-legacy':
      return readTorchLegacy(source, key);
    case 'safetensors':
      return underKeyOf(valuesOf(await readSafetensors(source), source.name), key, source.name);
    default:
      throw unknownFormat(source.name, await source.read(0, Math.min(source.size, FOREIGN_START)));
  }
}

const GRAPH = {
  what: 'a graph for inference, as saveQuantized and saveGraph of @cnnzoo/deploy write',
  wayOut:
    'Open it with createSession(path) of @cnnzoo/deploy, or in a page with openClassifier(url) of @cnnzoo/deploy/classify. ' +
    'To train a net or to load its weights, take the file that its save() or saveStateDict wrote.',
};

/**
 * Gives the tensors of a safetensors file as the values that they stand for, in PyTorch's layout.
 *
 * @throws CnnzooError FORMAT for a graph, whose weights are folded and in another layout.
 */
function valuesOf(file: TensorFile, name: string): TensorFile {
  if (GRAPH_KEY in file.metadata) throw foreignError(name, GRAPH);
  return inTorchLayout(dequantized(file, name));
}

/** Format of a checkpoint by its first bytes; undefined if they begin no checkpoint. */
function formatOf(start: Uint8Array, size: number): TensorFile['format'] | undefined {
  if (isZip(start)) return 'torch-zip';
  if (isTorchLegacy(start)) return 'torch-legacy';
  return isSafetensors(start, size) ? 'safetensors' : undefined;
}

/** Throws if the first bytes begin no checkpoint. */
export function checkStart(name: string, start: Uint8Array): void {
  if (!formatOf(start, Infinity)) throw unknownFormat(name, start);
}

function unknownFormat(name: string, start: Uint8Array): CnnzooError {
  const foreign = foreignOf(start, name);
  if (foreign) return foreignError(name, foreign);
  const guess =
    start.length === 0
      ? 'an empty file'
      : `bytes that begin ${[...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  return new CnnzooError(
    'FORMAT',
    `'${name}' is no checkpoint that can be read, or a damaged one: expected safetensors or what torch.save writes, ` +
      `received ${guess}.`,
  );
}

/** Reads a checkpoint: a path, URL, buffer, Blob or state dict. The caller closes the result. */
export async function readCheckpoint(source: WeightsSource, options: ReadOptions = {}): Promise<TensorFile> {
  const { key } = options;
  const bytes = await byteSourceOf(source, options);
  if (!bytes)
    return underKeyOf(readMemory(source as StateDict | Readonly<Record<string, StateTensor>>), key, 'state dict');
  try {
    return await readByteSource(bytes, { key });
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Throws INPUT for options that reading a checkpoint does not have. */
export function checkReadOptions(where: string, options: ReadOptions): void {
  checkOptions(where, options, ['key', 'signal']);
  checkKey(where, options.key);
}

/** Throws INPUT for a key that can't name a state dict. */
export function checkKey(where: string, key: unknown): void {
  if (key === undefined || (typeof key === 'string' && key !== '')) return;
  throw new CnnzooError(
    'INPUT',
    `${where}: expected key as the name of a state dict, received ${JSON.stringify(key)}.`,
  );
}
