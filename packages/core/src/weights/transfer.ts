import { resumeHeaders } from '#platform';
import { CnnzooError } from '../errors.js';
import { abortedError } from './aborted.js';
import type { Part, PartOrigin } from './store.js';
import { type Patience, StallError, Watchdog } from './watchdog.js';

export type Fetch = typeof globalThis.fetch;

/** Bytes of a download so far, and of the whole file where the server says it. */
export interface ProgressState {
  readonly loaded: number;
  readonly total: number | null;
}

export type Progress = (state: ProgressState) => void;

/** How long a download is tried. */
export interface Tuning extends Patience {
  /** Attempts that get nowhere before a broken connection is given up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each one after it. */
  readonly backoffMs: number;
}

export const TUNING: Tuning = { stallMs: 30_000, bytes: 16_384, attempts: 4, backoffMs: 500 };

export interface TransferContext {
  readonly fetch: Fetch;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress | undefined;
  readonly tuning: Tuning;
}

/** Sends one request; the hub's looks at the redirect on its way. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A failure that another attempt may cure. */
class Broken extends Error {
  constructor(
    message: string,
    readonly attempts: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** An error's message with that of its cause: Node's fetch says only 'fetch failed'. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (!cause || error instanceof CnnzooError || error instanceof Broken) return error.message;
  const { code } = cause as { code?: string };
  return `${error.message} (${cause.message || code || cause.name})`;
}

/** Rejects as soon as the signal aborts, also where `promise` does not listen to it. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

const sleep = (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  const wait = new Promise<void>((resolve) => setTimeout(resolve, ms));
  return signal ? orAbort(wait, signal) : wait;
};

const wholeNumber = (text: string | null | undefined): number | null =>
  text && /^\d+$/.test(text) ? Number(text) : null;

/** What identifies the bytes of a response, so that a later one can be told to be of the same file. */
function originOf(url: string, { headers }: Response): PartOrigin {
  const encoding = headers.get('content-encoding');
  // Lengths and ranges of an encoded response are not those of the file.
  if (encoding && encoding !== 'identity') return { url, validator: null, total: null };
  return { url, validator: validatorOf(headers), total: wholeNumber(headers.get('content-length')) };
}

/** A weak ETag promises no equal bytes. */
function validatorOf(headers: Headers): string | null {
  const etag = headers.get('etag');
  return etag && !etag.startsWith('W/') ? etag : headers.get('last-modified');
}

/** Whether a 206 goes on exactly where the part ends. */
function continues(part: Part, { headers }: Response): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const total = part.origin?.total ?? null;
  return (
    range !== null &&
    Number(range[1]) === part.size &&
    (total === null || range[2] === '*' || Number(range[2]) === total) &&
    validatorOf(headers) === part.origin?.validator
  );
}

/** Fetches a URL into a part, going on where the part ends if it can. Retries what broke on the way. */
export async function transfer(url: string, part: Part, send: Send, context: TransferContext): Promise<void> {
  const { signal, tuning } = context;
  if (part.origin?.url !== url || part.origin.validator === null)
    await part.restart({ url, validator: null, total: null });
  for (let failures = 0; ; ) {
    const before = part.size;
    try {
      return await attempt(url, part, send, context);
    } catch (error) {
      if (signal?.aborted) throw abortedError(signal);
      if (!(error instanceof Broken)) throw error;
      failures = part.size - before >= tuning.bytes ? 1 : failures + 1;
      if (failures >= Math.min(error.attempts, tuning.attempts)) throw error;
      await sleep(tuning.backoffMs * 2 ** (failures - 1), signal).catch(() => undefined);
      if (signal?.aborted) throw abortedError(signal);
    }
  }
}

async function attempt(url: string, part: Part, send: Send, context: TransferContext): Promise<void> {
  const { tuning } = context;
  const dog = new Watchdog(tuning);
  const signal = context.signal ? AbortSignal.any([context.signal, dog.signal]) : dog.signal;
  try {
    const resume = part.size > 0 && part.origin?.validator ? part.origin.validator : null;
    if (resume && part.size === part.origin?.total) return;
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (resume) Object.assign(headers, { Range: `bytes=${part.size}-` }, resumeHeaders(resume));
    const response = await orAbort(send(url, { headers, signal }), signal).catch((cause: unknown) => {
      // A server that can't be reached is not there a second later either, unless it was there before.
      throw signal.aborted ? cause : new Broken(reasonOf(cause), part.size > 0 ? tuning.attempts : 2, { cause });
    });
    if (resume && (response.status === 416 || (response.status === 206 && !continues(part, response)))) {
      await response.body?.cancel();
      if (response.headers.get('content-range') === `bytes */${part.size}`) return;
      await part.restart({ url, validator: null, total: null });
      throw new Broken(`the file has changed on the server while it was fetched`, tuning.attempts);
    }
    checkStatus(response, resume !== null, tuning);
    if (response.status === 200) await part.restart(originOf(url, response));
    await pour(response, part, dog, signal, context.progress);
  } catch (error) {
    if (context.signal?.aborted || !(error instanceof StallError)) throw error;
    // A dead server stays dead: only one that had been quick is asked again.
    throw new Broken(error.message, error.progressed ? tuning.attempts : 1, { cause: error });
  } finally {
    dog.stop();
  }
}

function checkStatus(response: Response, resuming: boolean, { attempts }: Tuning): void {
  const { status, statusText, headers } = response;
  const close = () => void response.body?.cancel().catch(() => undefined);
  if (status !== 200 && !(status === 206 && resuming)) {
    close();
    throw new Broken(`HTTP ${status} ${statusText}`.trim(), RETRIED.has(status) ? attempts : 1);
  }
  if (!headers.get('content-type')?.startsWith('text/html')) return;
  close();
  throw new Broken('the server sent a web page (text/html) in place of the file', 1);
}

async function pour(
  response: Response,
  part: Part,
  dog: Watchdog,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<void> {
  const reader = response.body!.getReader();
  const total = part.origin?.total ?? null;
  try {
    for (;;) {
      const { done, value } = await orAbort(reader.read(), signal).catch((cause: unknown) => {
        if (signal.aborted) throw cause;
        throw new Broken(`the connection broke after ${part.size} of ${total ?? '?'} bytes`, Infinity, { cause });
      });
      if (done) break;
      dog.feed(value.byteLength);
      await part.append(value);
      progress?.({ loaded: part.size, total });
    }
  } catch (error) {
    // Not awaited: a dead connection would not answer this either.
    void reader.cancel(error).catch(() => undefined);
    throw error;
  }
  if (total === null || part.size === total) return;
  const { size } = part;
  if (size > total) await part.restart({ url: response.url, validator: null, total: null });
  throw new Broken(`the connection ended after ${size} of ${total} bytes`, Infinity);
}

/** Fetches a small text, e.g. an index or a pointer file. */
export async function fetchText(url: string, { fetch, signal: outer, tuning }: TransferContext): Promise<string> {
  const dog = new Watchdog(tuning);
  const signal = outer ? AbortSignal.any([outer, dog.signal]) : dog.signal;
  try {
    const response = await orAbort(fetch(url, { signal }), signal);
    if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    return await orAbort(response.text(), signal);
  } catch (error) {
    if (outer?.aborted) throw abortedError(outer);
    throw error;
  } finally {
    dog.stop();
  }
}
