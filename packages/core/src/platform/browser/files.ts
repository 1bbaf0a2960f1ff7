import { CnnzooError } from '../../util/index.js';
import { type ByteSource, bytesSource, ReusedBuffer } from '../../util/late.js';
import type { Listing } from '../contract.js';
import { fetchBytes, PATIENCE } from '../http.js';
import { sha256 } from './hash.js';

/** Nothing is local to a page. */
export const localPath = (_location: string | URL): string | undefined => undefined;

/** A page has no file system. */
export function pathOf(location: string | URL): string {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${location}'. It reads what it fetches from URLs and the files of an ` +
      '<input type="file">, and offers what it makes as a download (encodeSafetensors).',
  );
}

/** The URL of a file in a directory. */
export function pathIn(directory: string | URL, name: string): string {
  const [, path, query] = /^([^?#]*?)\/*([?#].*)?$/s.exec(String(directory))!;
  return `${path}/${name}${query ?? ''}`;
}

/** The page's own `fetch`; proxies are the browser's business. */
export const fetchUrl: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

/** Bytes of the largest file that a page takes into memory. */
const MAX_BYTES = 2 ** 32;
const MAX_UNSTATED = 2 ** 30;

/** Fetches what a page names by a path or URL, into memory. */
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

/** A page has no file system. */
export async function writeFileAtomic(path: string | URL): Promise<void> {
  throw new CnnzooError(
    'FILE',
    `Can't write '${path}': a page has no file system. Use encodeSafetensors(stateDict(net)) and offer a download.`,
  );
}

/** A page has no file system. */
export async function listFiles(directory: string): Promise<Listing> {
  throw new CnnzooError(
    'FILE',
    `Can't list '${directory}': a page has no file system. Give the files of an <input type="file" webkitdirectory>.`,
  );
}

const refuse = (path: string | URL): never => {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${path}': use onStep and onEpoch, and saveStateDict's bytes.`,
  );
};

export const appendText = async (path: string | URL, _text: string): Promise<void> => refuse(path);
export const requireWritable = async (directory: string | URL): Promise<string> => refuse(directory);
export const removeFiles = async ([path]: readonly string[]): Promise<void> => refuse(path ?? '');
export const namesIn = async (directory: string | URL): Promise<string[]> => refuse(directory);

export { cacheDirectory, openStore } from './page-store.js';

/** A page can name a mirror of its own before the first download: `globalThis.CNNZOO_MIRROR = 'https://…'`. */
export const mirrorLocation = (): string | undefined =>
  (globalThis as { CNNZOO_MIRROR?: string }).CNNZOO_MIRROR || undefined;

/** `If-Range` would cost a preflight that few servers answer: the resumed response's own headers are compared. */
export const resumeHeaders = (_validator: string): Record<string, string> => ({});

/** The sha256 of all bytes, in hexadecimal. */
export async function hashSource(source: ByteSource): Promise<string> {
  const bytes = await source.read(0, source.size, new ReusedBuffer());
  // Withheld from pages that aren't served over https.
  if (!globalThis.crypto?.subtle) return sha256(bytes);
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
