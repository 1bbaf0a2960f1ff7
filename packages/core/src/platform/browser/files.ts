import { CnnzooError } from '../../util/index.js';
import { type ByteSource, bytesSource } from '../../util/late.js';
import { fileReader } from '../common.js';
import type { Listing, WriteFiles } from '../contract.js';
import { fetchBytes, isFetched, PATIENCE } from '../http.js';
import { fetchUrl } from './network.js';

/** Returns the absolute URL of a location. Relative ones of a worker begin elsewhere than those of its page. */
export function absolute(location: string | URL): string {
  const text = String(location);
  const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI;
  try {
    return isFetched(text) ? text : new URL(text, base).href;
  } catch {
    // Whoever reads it refuses it, as in a page.
    return text;
  }
}

/** Returns undefined, since no location is local to a page. */
export const localPath = (_location: string | URL): string | undefined => undefined;

/**
 * Throws, since a page has no file system.
 *
 * @throws CnnzooError FILE.
 */
export function pathOf(location: string | URL): string {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${location}': it reads URLs and the files of an <input type="file">. ` +
      'Write files in Node, or offer weights as a download (encodeSafetensors).',
  );
}

/** Returns the URL of a file in a directory. */
export function pathIn(directory: string | URL, name: string): string {
  const [, path, query] = /^([^?#]*?)\/*([?#].*)?$/s.exec(String(directory))!;
  return `${path}/${name}${query ?? ''}`;
}

/** Most bytes of a file that a page takes into memory, and of one whose size the server does not state. */
const MAX_BYTES = 2 ** 32;
const MAX_UNSTATED = 2 ** 30;

/**
 * Fetches a file, by a path or URL, into memory.
 *
 * @throws CnnzooError FILE if it can't be fetched; ABORTED by the signal.
 */
export async function openPath(path: string | URL, signal?: AbortSignal): Promise<ByteSource> {
  const name = String(path);
  const limits = { maxBytes: MAX_BYTES, maxUnstated: MAX_UNSTATED, patience: { ...PATIENCE, totalMs: 3_600_000 } };
  try {
    return bytesSource(await fetchBytes(name, { fetch: fetchUrl, what: 'a file', signal, ...limits }), name);
  } catch (cause) {
    if (!(cause instanceof CnnzooError && cause.code === 'DOWNLOAD')) throw cause;
    throw new CnnzooError('FILE', `${cause.message} A page reads URLs, not files of the disk.`, { cause });
  }
}

/**
 * Reads all bytes of a file, by its path or URL.
 *
 * @throws CnnzooError FILE if it can't be read; ABORTED by the signal.
 */
export const readFile = /* @__PURE__ */ fileReader(openPath);

/**
 * Throws, since a page has no file system.
 *
 * @throws CnnzooError FILE.
 */
export async function writeFileAtomic(
  path: string | URL,
  _chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  throw new CnnzooError(
    'FILE',
    `Can't write '${path}': a page has no file system. Use encodeSafetensors(await stateDict(net)) and offer a download.`,
  );
}

/**
 * Throws, since a page has no file system.
 *
 * @throws CnnzooError FILE.
 */
export async function writeNewFile(
  path: string | URL,
  _chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  throw new CnnzooError('FILE', `Can't write '${path}': a page has no file system. Export in Node.`);
}

/**
 * Throws, since a page has no file system.
 *
 * @throws CnnzooError FILE.
 */
export async function writeNewDirectory(directory: string | URL, _write: WriteFiles): Promise<void> {
  throw new CnnzooError('FILE', `Can't write '${directory}': a page has no file system. Export in Node.`);
}

/**
 * Throws, since a page has no file system.
 *
 * @throws CnnzooError FILE.
 */
export async function listFiles(directory: string): Promise<Listing> {
  throw new CnnzooError(
    'FILE',
    `Can't list '${directory}': a page has no file system. Give the files of an <input type="file" webkitdirectory>.`,
  );
}

const refuse = (path: string | URL): never => {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${path}'. Use onStep and onEpoch, and encodeSafetensors for a download.`,
  );
};

export const appendText = async (path: string | URL, _text: string): Promise<void> => refuse(path);
export const requireWritable = async (directory: string | URL): Promise<string> => refuse(directory);
export const removeFiles = async ([path]: readonly string[]): Promise<void> => refuse(path ?? '');
export const namesIn = async (directory: string | URL): Promise<string[]> => refuse(directory);

/** Resolves to undefined: a bundler can't be asked at run time which packages are installed. */
export const importInstalled = async (_name: string): Promise<object | undefined> => undefined;
