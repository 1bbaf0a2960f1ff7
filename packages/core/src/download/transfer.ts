import {
  BodyError,
  dropBody,
  PATIENCE,
  type Patience,
  readBody,
  reasonOf,
  resumeHeaders,
  StallError,
  StartCheck,
  statedSize,
  Watchdog,
} from '#platform';
import type { Fetch, Part, PartOrigin } from '../platform/index.js';
import { CnnzooError } from '../util/index.js';
import { abortedError, orAbort, sleep } from '../util/late.js';

/**
 * Returns the milliseconds that a server asks to wait (`Retry-After`, in seconds or as a date: RFC 9110, 10.2.3);
 * undefined if it names no time that can be read.
 */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms >= 0 ? ms : undefined;
}

/** Progress of a download. */
export interface ProgressState {
  /** Bytes so far. */
  readonly loaded: number;
  /** Bytes of the whole file; null if the server does not state them. */
  readonly total: number | null;
}

/** Called as bytes arrive. */
export type Progress = (state: ProgressState) => void;

/** Limits on the patience of a download. */
export interface Tuning extends Patience {
  /** Attempts in a row without a new byte before a broken connection is given up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each one after it. */
  readonly backoffMs: number;
}

export const TUNING: Tuning = { ...PATIENCE, attempts: 4, backoffMs: 500 };

/** Requests for one file in one call; each of them but the last few brought new bytes. */
const MAX_REQUESTS = 1000;
/** Number of times that one call starts a file again. */
const MAX_RESTARTS = 8;
/** Longest wait for a server's Retry-After, in milliseconds. */
const MAX_WAIT = 30_000;

/** Settings of one download. */
export interface TransferContext {
  readonly fetch: Fetch;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress | undefined;
  readonly tuning: Tuning;
}

/** Bounds on one file. */
export interface FileBounds {
  /** Largest size of the file. */
  readonly maxBytes: number;
  /** Largest size of a file whose size the server does not state. Default: `maxBytes`. */
  readonly maxUnstated?: number;
  /** Throws if the first bytes are not a checkpoint's. Called only if the file's size is unknown. */
  readonly checkStart?: (start: Uint8Array) => void;
}

/** Sends one request. The hub's implementation also inspects the redirect. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

const RETRIED = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A failure that another attempt may cure. */
class Broken extends Error {
  constructor(
    message: string,
    /** Attempts after which it is thrown on. */
    readonly attempts: number,
    readonly options: { cause?: unknown; waitMs?: number } = {},
  ) {
    super(message, options);
  }
}

/** State of one call, over its attempts. */
interface Attempts {
  /** Most bytes that any attempt has reached, at the last time that it counted as progress. */
  mark: number;
  restarts: number;
  /** True after the server refused to go on: the next attempt asks for the whole file. */
  whole: boolean;
}

/** The identity of a response's file, so that a later response can be told to be of the same file. */
function originOf(url: string, response: Response): PartOrigin {
  const { headers } = response;
  const encoding = headers.get('content-encoding');
  // Ranges of an encoded response are not those of the file.
  if (encoding && encoding !== 'identity') return { url, validator: null, total: null };
  return { url, validator: validatorOf(headers), total: statedSize(response) };
}

/** Returns the header that identifies a file's bytes; null if there is none. A weak ETag promises no equal bytes. */
function validatorOf(headers: Headers): string | null {
  const etag = headers.get('etag');
  return etag && !etag.startsWith('W/') ? etag : headers.get('last-modified');
}

/** Returns true if a 206 goes on exactly at the end of the part. */
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

/** Returns true if a 416 says that the part is all there is. */
const isAll = (part: Part, { headers }: Response): boolean =>
  headers.get('content-range') === `bytes */${part.size}` && (part.origin?.total ?? part.size) === part.size;

/**
 * Downloads a URL into a part, and resumes at the end of the part if the server can. Retries a broken connection as long as
 * new bytes come: bytes that an earlier attempt has brought are no progress.
 */
export async function transfer(
  url: string,
  part: Part,
  send: Send,
  context: TransferContext,
  bounds: FileBounds,
): Promise<void> {
  const { signal, tuning } = context;
  if (part.origin?.url !== url || part.origin.validator === null || part.size > bounds.maxBytes)
    await part.restart({ url, validator: null, total: null });
  const state: Attempts = { mark: part.size, restarts: 0, whole: false };
  for (let failures = 0, requests = 1; ; requests++) {
    try {
      return await attempt(url, part, send, context, bounds, state);
    } catch (error) {
      if (signal?.aborted) throw abortedError(signal);
      if (!(error instanceof Broken)) throw error;
      const progressed = part.size - state.mark >= tuning.bytes;
      if (progressed) state.mark = part.size;
      failures = progressed ? 1 : failures + 1;
      if (failures >= Math.min(error.attempts, tuning.attempts) || requests >= MAX_REQUESTS) throw error;
      const wait = Math.max(tuning.backoffMs * 2 ** (failures - 1), error.options.waitMs ?? 0);
      await sleep(wait, signal).catch(() => undefined);
      if (signal?.aborted) throw abortedError(signal);
    }
  }
}

async function attempt(
  url: string,
  part: Part,
  send: Send,
  context: TransferContext,
  bounds: FileBounds,
  state: Attempts,
): Promise<void> {
  const { tuning } = context;
  const dog = new Watchdog(tuning);
  const signal = context.signal ? AbortSignal.any([context.signal, dog.signal]) : dog.signal;
  try {
    const resume = part.size > 0 && !state.whole ? (part.origin?.validator ?? null) : null;
    if (resume && part.size === part.origin?.total) return;
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (resume) Object.assign(headers, { Range: `bytes=${part.size}-` }, resumeHeaders(resume));
    const response = await orAbort(send(url, { headers, signal }), signal).catch((cause: unknown) => {
      throw signal.aborted ? cause : unanswered(cause, part, tuning);
    });
    if (resume && (response.status === 416 || (response.status === 206 && !continues(part, response)))) {
      dropBody(response);
      if (response.status === 416 && isAll(part, response)) return;
      // The bytes on disk stay until the server sends the whole file.
      state.whole = true;
      throw new Broken('the server does not go on where the connection broke', tuning.attempts);
    }
    checkStatus(response, resume !== null, tuning);
    if (response.status === 200) await begin(url, response, part, bounds, state);
    await pour(response, part, dog, signal, context.progress, bounds);
  } catch (error) {
    if (context.signal?.aborted || !(error instanceof StallError)) throw error;
    // Retries only a server that had sent bytes before it stalled.
    throw new Broken(error.message, error.progressed ? tuning.attempts : 1, { cause: error });
  } finally {
    dog.stop();
  }
}

/** Retries an unreachable server once, or `attempts` times if it has already sent bytes. */
function unanswered(cause: unknown, part: Part, { attempts }: Tuning): Broken {
  const reason = reasonOf(cause);
  if (/redirect/.test(reason)) return new Broken(reason, 1, { cause });
  return new Broken(reason, part.size > 0 ? attempts : 2, { cause });
}

function checkStatus(response: Response, resuming: boolean, { attempts }: Tuning): void {
  const { status, statusText, headers } = response;
  if (status !== 200 && !(status === 206 && resuming)) {
    dropBody(response);
    const waitMs = Math.min(retryAfter(headers) ?? 0, MAX_WAIT);
    throw new Broken(`HTTP ${status} ${statusText}`.trim(), RETRIED.has(status) ? attempts : 1, { waitMs });
  }
  if (!headers.get('content-type')?.startsWith('text/html')) return;
  dropBody(response);
  throw new Broken('the server sent a web page (text/html) in place of the file', 1);
}

/** Empties the partial file before a response that holds the file from its start. */
async function begin(
  url: string,
  response: Response,
  part: Part,
  { maxBytes }: FileBounds,
  state: Attempts,
): Promise<void> {
  const origin = originOf(url, response);
  if (origin.total !== null && origin.total > maxBytes) {
    dropBody(response);
    throw new Broken(`expected at most ${maxBytes} bytes, received ${origin.total}`, 1);
  }
  if (part.size > 0 && ++state.restarts > MAX_RESTARTS) {
    dropBody(response);
    throw new Broken('the server began the file anew again and again', 1);
  }
  state.whole = false;
  await part.restart(origin);
}

async function pour(
  response: Response,
  part: Part,
  dog: Watchdog,
  signal: AbortSignal,
  progress: Progress | undefined,
  { maxBytes, maxUnstated = maxBytes, checkStart }: FileBounds,
): Promise<void> {
  const total = part.origin?.total ?? null;
  const limit = total ?? maxUnstated;
  const start = checkStart && total === null && part.size === 0 ? new StartCheck(checkStart) : undefined;
  try {
    await readBody(response, dog, signal, async (chunk) => {
      if (part.size + chunk.byteLength > limit) throw new Broken(`expected at most ${limit} bytes, received more`, 1);
      start?.add(chunk);
      await part.append(chunk);
      progress?.({ loaded: part.size, total });
    });
    start?.end();
  } catch (cause) {
    if (cause instanceof BodyError)
      throw new Broken(`the connection broke after ${part.size} of ${total ?? '?'} bytes`, Infinity, { cause });
    // Bytes that can't be the file's are not kept.
    if (cause instanceof Broken || cause instanceof CnnzooError) await part.discard();
    throw cause;
  }
  if (total === null || part.size === total) return;
  throw new Broken(`the connection ended after ${part.size} of ${total} bytes`, Infinity);
}
