import { CnnzooError } from '../util/index.js';
import { abortedError, joinBytes, orAbort } from '../util/late.js';

/** Least that a connection must deliver: `bytes` in every `stallMs`. */
export interface Patience {
  /** Milliseconds after which a connection that delivered less than `bytes` is given up. */
  readonly stallMs: number;
  readonly bytes: number;
  /** Milliseconds for the whole connection. Default: no limit. */
  readonly totalMs?: number;
}

/** Patience by default: 16 KiB in 30 seconds. */
export const PATIENCE: Patience = { stallMs: 30_000, bytes: 16_384 };

/** Error for a server that is dead or too slow. */
export class StallError extends Error {
  constructor(
    message: string,
    /** true if the connection had been fast enough before. */
    readonly progressed: boolean,
  ) {
    super(message);
  }
}

/**
 * Monitor of one connection. `signal` aborts if too little arrives for too long: if the server never answers, stops in
 * the middle, or sends only a few bytes now and then.
 */
export class Watchdog {
  private readonly controller = new AbortController();
  private readonly total: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private received = 0;
  /** true after `bytes` bytes have arrived within one period. */
  progressed = false;

  constructor(private readonly patience: Patience) {
    const { totalMs } = patience;
    if (totalMs !== undefined)
      this.total = setTimeout(() => this.abort(`the server did not finish in ${totalMs / 1000} s`), totalMs);
    this.wait();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Counts bytes that arrived. */
  feed(bytes: number): void {
    this.received += bytes;
    if (this.received < this.patience.bytes) return;
    this.progressed = true;
    this.wait();
  }

  /** Stops the monitor. */
  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.total);
  }

  private wait(): void {
    const { stallMs, bytes } = this.patience;
    this.received = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.abort(`the server sent less than ${bytes} bytes in ${stallMs / 1000} s`),
      stallMs,
    );
  }

  private abort(message: string): void {
    this.controller.abort(new StallError(message, this.progressed));
  }
}

/** Returns the message of an error. For errors of fetch, which say only 'fetch failed', it includes the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (!cause || error.name !== 'TypeError') return error.message;
  const { code } = cause as { code?: string };
  return `${error.message} (${cause.message || code || cause.name})`;
}

/**
 * Returns the bytes of the body, if the server states their number, otherwise null. null also for a compressed body,
 * whose stated length is that of the compressed bytes.
 */
export function statedSize({ headers }: Response): number | null {
  const encoding = headers.get('content-encoding');
  const length = headers.get('content-length');
  if ((encoding && encoding !== 'identity') || !length || !/^\d+$/.test(length)) return null;
  return Number(length);
}

/** Abandons the body of a response. It does not wait, since a dead connection would never confirm. */
export const dropBody = (response: Response, reason?: unknown): void =>
  void response.body?.cancel(reason).catch(() => undefined);

/** Error for a connection that ends before the body does. */
export class BodyError extends Error {}

/**
 * Passes the body of a response to `take`, chunk by chunk. An error ends the connection, also one that `take` throws.
 *
 * @param signal Aborts the wait for the next chunk.
 * @throws BodyError if the connection breaks; the reason of the signal; errors of `take`.
 */
export async function readBody(
  response: Response,
  dog: Watchdog,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await orAbort(reader.read(), signal).catch((cause: unknown) => {
        throw signal.aborted ? cause : new BodyError('the connection broke', { cause });
      });
      if (done) return;
      dog.feed(value.byteLength);
      await take(value);
    }
  } catch (error) {
    void reader.cancel(error).catch(() => undefined);
    throw error;
  }
}

/** Bytes at a file's beginning that are enough to tell its format, even a format that cnnzoo does not read. */
const LENGTH = 4096;

/**
 * Check of a body's beginning. `check` is called once, with the first 4096 bytes, or with all bytes if there are fewer.
 */
export class StartCheck {
  private readonly start = new Uint8Array(LENGTH);
  private size = 0;

  constructor(private readonly check: (start: Uint8Array) => void) {}

  add(chunk: Uint8Array): void {
    if (this.size === LENGTH) return;
    const more = chunk.subarray(0, LENGTH - this.size);
    this.start.set(more, this.size);
    this.size += more.byteLength;
    if (this.size === LENGTH) this.check(this.start);
  }

  end(): void {
    if (this.size < LENGTH) this.check(this.start.subarray(0, this.size));
  }
}

export type Fetch = typeof globalThis extends { fetch: infer F } ? F : never;

/** Options of `fetchBytes`. */
export interface FetchBytesOptions {
  /** Function that fetches: the platform's `fetchUrl`, or the caller's own. */
  readonly fetch: Fetch;
  /** Noun for messages: 'an image'. */
  readonly what: string;
  /** Most bytes that are accepted. */
  readonly maxBytes: number;
  /** Most bytes that are accepted if the server does not state the size. Default: `maxBytes`. */
  readonly maxUnstated?: number;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience;
  /**
   * Called once with the first 4096 bytes, or with all bytes if there are fewer. Throws if the body can't be of use.
   */
  readonly checkStart?: (start: Uint8Array) => void;
  /** Called as bytes arrive, with those so far and those of the whole body; null if the server does not state them. */
  readonly progress?: ((state: { readonly loaded: number; readonly total: number | null }) => void) | undefined;
}

/** Returns true for a location with a scheme that `fetch` supports. Every other location is a path. */
export const isFetched = (location: string): boolean => /^(https?|data|blob):/i.test(location);

/** Returns a URL for messages. A long one, such as a data: URL, is cut. */
export const shownUrl = (url: string): string => (url.length > 120 ? `${url.slice(0, 60)}…` : url);

/**
 * Fetches a body into memory, by one request.
 *
 * @throws CnnzooError DOWNLOAD if the server fails, is too slow or sends more than `maxBytes`; ABORTED by `signal`.
 */
export async function fetchBytes(url: string, options: FetchBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { fetch, what, signal: outer, patience = PATIENCE } = options;
  if (outer?.aborted) throw abortedError(outer);
  const dog = new Watchdog(patience);
  const signal = outer ? AbortSignal.any([outer, dog.signal]) : dog.signal;
  try {
    const response = await orAbort(fetch(url, { signal }), signal);
    // Status 206 would mean a part of the body, which was not requested.
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
  { maxBytes, maxUnstated = maxBytes, checkStart, progress }: FetchBytesOptions,
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
    progress?.({ loaded: size, total: stated });
  });
  start?.end();
  return joinBytes(chunks);
}
