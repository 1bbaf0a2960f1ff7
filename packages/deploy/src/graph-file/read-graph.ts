import {
  absolute,
  type ByteSource,
  blobSource,
  bytesIn,
  bytesSource,
  CnnzooError,
  checkOptions,
  fetchBytes,
  fetchUrl,
  GRAPH_KEY,
  hashSource,
  isBlob,
  isFetched,
  isUrl,
  openPath,
  PATIENCE,
  readSafetensors,
  shownUrl,
  shownValue,
} from '@cnnzoo/core/internal/page';
import type { InferenceGraph, QuantizedGraph } from '../graph/index.js';
import { parseGraph } from './parse-graph.js';

/** A file of a graph: its path (in Node), URL, bytes, Blob or File. */
export type GraphSource = string | URL | ArrayBuffer | SharedArrayBuffer | Uint8Array | DataView | Blob;

/** Options of `readGraph`. */
export interface ReadGraphOptions {
  /** sha256 of the file, in hexadecimal. Another file is an error. Default: it is not compared. */
  sha256?: string | undefined;
  /** Called as a file arrives by its URL: bytes so far, and those of the whole file (null: the server does not state them). */
  progress?: ((state: { readonly loaded: number; readonly total: number | null }) => void) | undefined;
  /** Ends the download. The call rejects with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Bytes of the largest file that is downloaded, and of the largest whose size the server does not state. */
const MAX_BYTES = 2 ** 32;
const MAX_UNSTATED = 2 ** 30;
/** An hour. */
const PACE = { ...PATIENCE, totalMs: 3_600_000 };

/** First bytes of a file that tell a graph. */
const START = new TextEncoder().encode(`{"__metadata__":{"${GRAPH_KEY}":`);
const AT = 8;

/** Bytes that `isGraphFile` needs. */
export const GRAPH_START = AT + START.length;

/**
 * Returns true for the beginning of a file that `saveQuantized` or `saveGraph` wrote.
 *
 * @param start first bytes, at least `GRAPH_START`.
 */
export const isGraphFile = (start: Uint8Array): boolean => START.every((byte, i) => start[AT + i] === byte);

const noGraph = (name: string): CnnzooError =>
  new CnnzooError(
    'FORMAT',
    `'${name}': expected a graph that saveQuantized or saveGraph of @cnnzoo/deploy wrote, received something else. A net that save() ` +
      'wrote is opened by load() or createSession(), and saveGraph(net, path) makes a graph of it.',
  );

/** Reads a whole file into memory. */
async function wholeFile(location: string | URL): Promise<ByteSource> {
  const file = await openPath(location);
  try {
    const start = await file.read(0, Math.min(file.size, GRAPH_START));
    if (!isGraphFile(start)) throw noGraph(file.name);
    return bytesSource(await file.read(0, file.size), file.name);
  } finally {
    await file.close();
  }
}

async function sourceOf(
  where: string,
  source: GraphSource,
  { signal, progress }: ReadGraphOptions,
): Promise<ByteSource> {
  if (typeof source === 'string' || isUrl(source)) {
    const url = absolute(source);
    if (!isFetched(url)) return wholeFile(source);
    const name = shownUrl(url);
    const bytes = await fetchBytes(url, {
      fetch: fetchUrl,
      what: 'a graph',
      maxBytes: MAX_BYTES,
      maxUnstated: MAX_UNSTATED,
      patience: PACE,
      signal,
      progress,
      checkStart: (start) => {
        if (!isGraphFile(start)) throw noGraph(name);
      },
    });
    return bytesSource(bytes, name);
  }
  if (isBlob(source)) return blobSource(source, (source as { name?: string }).name ?? 'the blob');
  const bytes = bytesIn(source);
  if (bytes) return bytesSource(bytes, 'the bytes');
  throw new CnnzooError(
    'INPUT',
    `${where}: expected a path, URL, bytes, Blob or File, received ${shownValue(source)}.`,
  );
}

async function checkHash(where: string, source: ByteSource, expected: string): Promise<void> {
  if (!/^[\da-f]{64}$/i.test(expected))
    throw new CnnzooError(
      'INPUT',
      `${where}: expected sha256 as 64 hexadecimal digits, received ${shownValue(expected)}.`,
    );
  const received = await hashSource(source);
  if (received !== expected.toLowerCase())
    throw new CnnzooError(
      'HASH',
      `'${source.name}': expected a file with the sha256 ${expected.toLowerCase()}, received ${received}. Fetch the file again, or give ` +
        'the sha256 of the new one.',
    );
}

/**
 * Reads a graph, as `readGraph` does.
 *
 * @param where Name of the function, for messages.
 */
export async function graphFrom(
  where: string,
  source: GraphSource,
  options: ReadGraphOptions,
): Promise<InferenceGraph | QuantizedGraph> {
  const bytes = await sourceOf(where, source, options);
  if (options.sha256 !== undefined) await checkHash(where, bytes, options.sha256);
  // A fetch hears the signal itself; a file and bytes do not.
  if (options.signal?.aborted)
    throw new CnnzooError('ABORTED', `The reading of '${bytes.name}' was stopped by its signal.`, {
      cause: options.signal.reason,
    });
  const start = await bytes.read(0, Math.min(bytes.size, GRAPH_START));
  if (!isGraphFile(start)) throw noGraph(bytes.name);
  const { tensors, metadata } = await readSafetensors(bytes);
  return parseGraph(metadata[GRAPH_KEY]!, tensors, bytes.name);
}

/**
 * Reads a graph that `saveQuantized` or `saveGraph` wrote, without TensorFlow.js. The file is in memory, and its weights are read from it
 * when they are asked for: do not change bytes that you gave. Everything in the file is checked, weights when they are read.
 *
 * @param source path (in Node), URL, bytes, Blob or File.
 * @returns an InferenceGraph; a QuantizedGraph, with the field `quantization`, of a file that `saveQuantized` wrote.
 * @throws CnnzooError FORMAT for another or a damaged file; FILE or DOWNLOAD if it can't be read; HASH if it has another sha256; INPUT for
 * a value that is no file, or an unknown option; ABORTED by the signal.
 *
 * @example
 * ```ts
 * import { readGraph } from '@cnnzoo/deploy';
 *
 * const graph = await readGraph('resnet18-int8.safetensors');
 * console.log(String(graph), graph.facts.categories?.length);
 * ```
 */
export async function readGraph(
  source: GraphSource,
  options: ReadGraphOptions = {},
): Promise<InferenceGraph | QuantizedGraph> {
  checkOptions('readGraph', options, ['sha256', 'progress', 'signal']);
  return graphFrom('readGraph', source, options);
}
