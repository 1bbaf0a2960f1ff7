import { CnnzooError } from '../errors.js';
import { abortedError } from './aborted.js';
import { dropBody, readBody, statedSize } from './body.js';
import { orAbort } from './or-abort.js';
import { reasonOf } from './reason.js';
import { StartCheck } from './start-check.js';
import { PATIENCE, type Patience, Watchdog } from './watchdog.js';

export type Fetch = typeof globalThis.fetch;

/** Options of `fetchBytes`, its limits among them. */
export interface FetchBytesOptions {
  /** The platform's `fetchUrl`, or the caller's own. */
  readonly fetch: Fetch;
  /** Noun for messages: 'an image'. */
  readonly what: string;
  /** Bytes of the largest body that is taken. */
  readonly maxBytes: number;
  /** Bytes of the largest body whose size the server does not state. Default: `maxBytes`. */
  readonly maxUnstated?: number;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience;
  /** Called once with the first 4096 bytes, or with all if there are fewer; throws if nothing can come of them. */
  readonly checkStart?: (start: Uint8Array) => void;
}

/** Schemes that `fetch` knows; every other location is a path. */
export const isFetched = (location: string): boolean => /^(https?|data|blob):/i.test(location);

/** A URL for messages: a data URL without its data. */
export const shownUrl = (url: string): string => (url.length > 120 ? `${url.slice(0, 60)}…` : url);

/**
 * Fetches a body into memory: by one request, up to `maxBytes`, from a server that is quick enough.
 * @throws CnnzooError DOWNLOAD, or ABORTED by `signal`.
 */
export async function fetchBytes(url: string, options: FetchBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { fetch, what, signal: outer, patience = PATIENCE } = options;
  if (outer?.aborted) throw abortedError(outer);
  const dog = new Watchdog(patience);
  const signal = outer ? AbortSignal.any([outer, dog.signal]) : dog.signal;
  try {
    const response = await orAbort(fetch(url, { signal }), signal);
    // A 206 is a part of what was asked for, and nobody asked for a part.
    if (response.ok && response.status !== 206) return await collect(response, dog, signal, options);
    dropBody(response);
    throw new Error(`received HTTP ${response.status} ${response.statusText}`.trim());
  } catch (cause) {
    if (outer?.aborted) throw abortedError(outer);
    if (cause instanceof CnnzooError) throw cause;
    throw new CnnzooError(
      'DOWNLOAD',
      `${shownUrl(url)}: expected ${what}, but it can't be fetched: ${reasonOf(cause)}. Check the address and the ` +
        'connection, and, in a page, that the server allows it (CORS).',
      { cause },
    );
  } finally {
    dog.stop();
  }
}

async function collect(
  response: Response,
  dog: Watchdog,
  signal: AbortSignal,
  { maxBytes, maxUnstated = maxBytes, checkStart }: FetchBytesOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const stated = statedSize(response);
  const limit = stated === null ? Math.min(maxBytes, maxUnstated) : maxBytes;
  const tooLarge = (received: string) => new Error(`expected at most ${limit} bytes, received ${received}`);
  if (stated !== null && stated > limit) {
    const error = tooLarge(`${stated}`);
    dropBody(response, error);
    throw error;
  }
  const start = checkStart && new StartCheck(checkStart);
  const chunks: Uint8Array[] = [];
  let size = 0;
  await readBody(response, dog, signal, (chunk) => {
    start?.add(chunk);
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) throw tooLarge('more');
  });
  start?.end();
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
