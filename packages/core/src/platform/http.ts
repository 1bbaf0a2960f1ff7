import { CnnzooError } from '../util/index.js';
import { abortedError, orAbort } from '../util/late.js';

/** Least that a connection must deliver to count as alive. */
export interface Patience {
  /** Milliseconds after which a connection that delivered less than `bytes` is given up. */
  readonly stallMs: number;
  readonly bytes: number;
  /** Milliseconds for all of the connection. Default: no limit. */
  readonly totalMs?: number;
}

export const PATIENCE: Patience = { stallMs: 30_000, bytes: 16_384 };

/** Thrown for a server that is dead or slower than anyone would wait for. */
export class StallError extends Error {
  constructor(
    message: string,
    /** Tells if the connection had been quick enough before. */
    readonly progressed: boolean,
  ) {
    super(message);
  }
}

/**
 * Watches one connection: `signal` aborts when too little arrives for too long. A server that answers nothing, one
 * that stops in the middle and one that drips a byte now and then are all caught.
 */
export class Watchdog {
  private readonly controller = new AbortController();
  private readonly total: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private received = 0;
  /** True after a whole allowance has arrived. */
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

  /** Ends the watch. */
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

/** An error's message; of fetch's own errors, which say only 'fetch failed', with the message of the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (!cause || error.name !== 'TypeError') return error.message;
  const { code } = cause as { code?: string };
  return `${error.message} (${cause.message || code || cause.name})`;
}

/**
 * Size of the body in bytes, if the server states it. null for a compressed one too: its stated length is not that of
 * the bytes that arrive here.
 */
export function statedSize({ headers }: Response): number | null {
  const encoding = headers.get('content-encoding');
  const length = headers.get('content-length');
  if ((encoding && encoding !== 'identity') || !length || !/^\d+$/.test(length)) return null;
  return Number(length);
}

/** Lets go of a response's body. Not awaited: a dead connection would not answer this either. */
export const dropBody = (response: Response, reason?: unknown): void =>
  void response.body?.cancel(reason).catch(() => undefined);

/** Thrown when the connection ends before the body does. */
export class BodyError extends Error {}

/**
 * Hands a response's body to `take`, chunk by chunk. An error, `take`'s own too, ends the connection.
 * @param signal aborts the wait for the next chunk.
 * @throws BodyError if the connection breaks; the signal's reason; what `take` throws.
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

/** Bytes that tell a file's format, also one that is not read here. */
const LENGTH = 4096;

/** Hands the first 4096 bytes of a body to `check` once they are there, or all of them if there are fewer. */
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
