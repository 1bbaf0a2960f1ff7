import { CnnzooError, shownValue } from '../util/index.js';
import { onAbort } from '../util/late.js';
import { type Call, errorOf, type Facts, marked, ours, type Reply, type Request } from './messages.js';
import { discard, type Packed, refusedImages, sent } from './pack.js';

/** Worker that `inWorker` can use: a page's `Worker`, or one of `node:worker_threads`. */
export interface WorkerLike {
  /** `never` stands for all that the platform can transfer, of which each has a type of its own. */
  postMessage(message: unknown, transfer: never[]): void;
  terminate(): unknown;
}

/** Events of a page's worker. */
interface EventSource {
  addEventListener(type: string, listener: (event: MessageEvent<unknown> & ErrorEvent) => void): void;
}

/** Events and life of a worker thread in Node. */
interface Thread {
  on(type: string, listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
}

const isThread = (worker: object): worker is Thread => 'on' in worker && typeof worker.on === 'function';

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Wait for a worker that starts. */
interface Opening {
  /** Called when the worker's file has called serveClassifier. */
  serving(): void;
  progress(state: { readonly loaded: number; readonly total: number | null }): void;
  resolve(facts: Facts): void;
  reject(error: unknown): void;
}

/** Options of `Line.open`. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Opening['progress'] | undefined;
  /** Milliseconds that the worker's file may take to call serveClassifier. */
  readonly timeoutMs: number;
}

/** Longest wait of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

let calls = 0;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Line to a worker that serves a classifier: sends calls in their order, and ends those that get no answer. */
export class Line {
  /** Calls without an answer, by id. */
  private readonly pending = new Map<number, Pending>();
  /** Reason for which no call is possible any more. */
  private closed: Error | undefined;
  private opening: Opening | undefined;
  /** End of the sending of the latest call. */
  private latest: Promise<unknown> = Promise.resolve();
  /** Ends the wait for the worker's lock. */
  private readonly lockWait = new AbortController();

  constructor(private readonly worker: WorkerLike) {
    const hear = (message: unknown): void => {
      const reply = ours<Reply>(message);
      if (reply) this.hear(reply);
    };
    const unreadable = (): void => this.died('a message of it could not be read');
    if (isThread(worker)) {
      worker.on('message', hear);
      worker.on('messageerror', unreadable);
      worker.on('error', (error) => this.died(textOf(error), error));
      worker.on('exit', (code) => this.died(`it exited with ${code}`));
      return;
    }
    const source = worker as unknown as EventSource;
    source.addEventListener('message', ({ data }) => hear(data));
    source.addEventListener('messageerror', unreadable);
    // A worker of a page goes on after an error of its own. Until it is ready, nothing else tells of a file that is missing or
    // throws.
    source.addEventListener('error', (event) => {
      if (!this.opening) return;
      event.preventDefault();
      this.died(event.message || 'its file could not be loaded');
    });
  }

  /**
   * Waits for the worker's classifier.
   *
   * @throws CnnzooError BACKEND if the worker does not start or serves nothing; ABORTED; the error of the function that makes
   * the classifier.
   */
  async open({ signal, progress, timeoutMs }: OpenOptions): Promise<Facts> {
    const stop = (): void => this.close(abortedBy('The start of the worker', signal!));
    const report: Opening['progress'] = (state) => {
      try {
        progress?.(state);
      } catch (error) {
        // An error in an event's listener would end the process.
        this.close(error as Error);
      }
    };
    const late = (): void => this.died(`its file has not called serveClassifier within ${timeoutMs / 1000} s`);
    const timer = timeoutMs <= LONGEST ? setTimeout(late, timeoutMs) : undefined;
    const forget = signal && onAbort(signal, stop);
    try {
      if (signal?.aborted) stop();
      this.requireOpen();
      const facts = await new Promise<Facts>((resolve, reject) => {
        const serving = (): void => clearTimeout(timer);
        this.opening = { serving, progress: report, resolve, reject };
        // The worker's own messages may have come before anyone listened.
        this.post({ kind: 'hello' });
      });
      this.awaitLock(facts.lock);
      return facts;
    } finally {
      clearTimeout(timer);
      forget?.();
      this.opening = undefined;
      this.hold();
    }
  }

  /**
   * Sends a call, after those before it, and waits for its answer.
   *
   * @param packing Images of the call, which may still be read.
   * @param what Subject of the message when the signal stops the call.
   * @throws CnnzooError ABORTED by the signal; INPUT after `close`; BACKEND if the worker has died; the error of the call.
   */
  call(call: Omit<Call, 'images'>, packing: Promise<Packed>, what: string, signal?: AbortSignal): Promise<unknown> {
    const before = this.latest;
    this.latest = Promise.allSettled([before, packing]);
    const id = calls++;
    let isSent = false;
    let forget: (() => void) | undefined;
    const stop = (): void => {
      this.settle(id)?.reject(abortedBy(what, signal!));
      if (isSent) this.post({ kind: 'abort', id });
    };
    const send = async (): Promise<void> => {
      await before;
      const packed = await packing;
      if (!this.pending.has(id)) return discard(packed);
      const { images, moved } = sent(packed);
      try {
        this.post({ kind: 'call', id, call: { ...call, images } }, moved);
        isSent = true;
      } catch (cause) {
        discard(packed);
        throw refusedCall(call) ?? refusedImages(packed, cause);
      }
    };
    return new Promise((resolve, reject) => {
      if (this.closed) throw this.closed;
      this.pending.set(id, { resolve, reject });
      this.hold();
      if (signal) forget = onAbort(signal, stop);
      send().catch((error: unknown) => this.settle(id)?.reject(error));
    }).finally(() => forget?.());
  }

  /** Throws if the line is closed. */
  requireOpen(): void {
    if (this.closed) throw this.closed;
  }

  /** Ends the worker. Calls without an answer, and later ones, reject with `reason`. */
  close(reason: Error): void {
    if (this.closed) return;
    this.closed = reason;
    this.lockWait.abort();
    this.opening?.reject(reason);
    for (const id of this.pending.keys()) this.settle(id)?.reject(reason);
    void this.worker.terminate();
  }

  private died(why: string, cause?: unknown): void {
    const message = this.opening
      ? `The worker did not start: ${why}.`
      : `The worker has died: ${why}. To go on, make another with inWorker.`;
    this.close(new CnnzooError('BACKEND', message, { cause }));
  }

  private post(message: Request, moved: object[] = []): void {
    this.worker.postMessage(marked(message), moved as never[]);
  }

  private hear(reply: Reply): void {
    if (reply.kind === 'answer') this.settle(reply.id)?.resolve(reply.value);
    else if (reply.kind === 'failed') this.settle(reply.id)?.reject(errorOf(reply.failure));
    else if (reply.kind === 'refused') this.close(errorOf(reply.failure));
    else if (reply.kind === 'unreadable') this.died('it could not read a message');
    else if (reply.kind === 'ready') this.opening?.resolve(reply.facts);
    else if (reply.kind === 'progress') this.opening?.progress({ loaded: reply.loaded, total: reply.total });
    else this.opening?.serving();
  }

  /** Takes a call from those without an answer. */
  private settle(id: number): Pending | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    this.hold();
    return call;
  }

  /** Lets a process wait for the worker while there is something to wait for, and else end without it. */
  private hold(): void {
    const worker: Partial<Thread> = this.worker as Partial<Thread>;
    if (this.opening || this.pending.size > 0) worker.ref?.();
    else worker.unref?.();
  }

  /** Notices the end of a worker that no event announces: it closed itself, or the browser ended it. */
  private awaitLock(name: string | undefined): void {
    if (name === undefined) return;
    const { signal } = this.lockWait;
    navigator.locks.request(name, { signal }, () => this.died('it ended')).catch(() => undefined);
  }
}

/** Returns the error for an option or name that can't be sent; undefined if all can be. */
function refusedCall({ method, options, names }: Omit<Call, 'images'>): CnnzooError | undefined {
  for (const [name, value] of Object.entries({ ...options, names })) {
    try {
      structuredClone(value);
    } catch (cause) {
      return new CnnzooError(
        'INPUT',
        `${method}: expected ${name} to be a value that can be sent to a worker, received ${shownValue(value)}.`,
        { cause },
      );
    }
  }
  return undefined;
}

const abortedBy = (what: string, { reason }: AbortSignal): CnnzooError =>
  new CnnzooError('ABORTED', `${what} was stopped by its signal.`, { cause: reason });
