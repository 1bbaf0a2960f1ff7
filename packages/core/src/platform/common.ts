import { type ByteSource, ReusedBuffer, throwIfAborted } from '../util/late.js';
import type { WorkerPort } from './contract.js';

/** Members of a Web Worker's global scope that are used here. TypeScript's own types are those of a page. */
interface WorkerScope {
  addEventListener(type: 'message' | 'messageerror', listener: (event: MessageEvent<unknown>) => void): void;
  postMessage(message: unknown, transfer: readonly object[]): void;
}

/** Takes a lock that is kept until the page or worker ends. */
function lockForGood(): Promise<string | undefined> {
  // Browsers have locks where the page came by https, or from this machine.
  if (typeof navigator === 'undefined' || !navigator.locks) return Promise.resolve(undefined);
  const name = `cnnzoo-worker-${Math.random().toString(36).slice(2)}`;
  return new Promise((resolve) => {
    const keep = (): Promise<never> => {
      resolve(name);
      return new Promise(() => undefined);
    };
    // A frame without an origin may take none.
    navigator.locks.request(name, keep).catch(() => resolve(undefined));
  });
}

/** Returns the line of a Web Worker to the program that started it; undefined if this is no Web Worker. */
export function scopePort(): WorkerPort | undefined {
  const scope = globalThis as unknown as WorkerScope & { WorkerGlobalScope?: abstract new () => object };
  if (!(scope.WorkerGlobalScope && scope instanceof scope.WorkerGlobalScope && 'postMessage' in scope))
    return undefined;
  return {
    post: (message, transfer = []) => scope.postMessage(message, transfer),
    listen(heard, unreadable) {
      scope.addEventListener('message', ({ data }) => heard(data));
      scope.addEventListener('messageerror', unreadable);
    },
    lock: lockForGood,
  };
}

/** Functions of a platform that `breathe` needs. */
interface Turns {
  /** Milliseconds for which a computation may block the event loop. */
  readonly LONGEST_TURN: number;
  /** Resolves after waiting timers, input and messages have been handled. */
  nextTurn(): Promise<void>;
}

/**
 * Lets the event loop turn if it has been blocked for long enough, so that timers run, a page draws and Ctrl-C works. A
 * long computation awaits it between its steps. It returns at once if the last turn was recent.
 *
 * @param what Subject of the message when the signal stops the work: 'The evaluation'.
 * @throws CnnzooError ABORTED by the signal.
 */
export type Breathe = (what: string, signal?: AbortSignal) => Promise<void>;

/** Returns the `breathe` of a platform. */
export function breathing({ LONGEST_TURN, nextTurn }: Turns): Breathe {
  /** Time of the event loop's last turn, in ms. */
  let mark = Number.NEGATIVE_INFINITY;
  return async (what, signal) => {
    throwIfAborted(what, signal);
    if (performance.now() - mark < LONGEST_TURN) return;
    await nextTurn();
    mark = performance.now();
    throwIfAborted(what, signal);
  };
}

/** Opens a file, by its path, or in a page by its URL. */
type OpenPath = (path: string | URL, signal?: AbortSignal) => Promise<ByteSource>;

/** Returns the `readFile` of a platform. */
export const fileReader =
  (openPath: OpenPath) =>
  async (path: string | URL, signal?: AbortSignal): Promise<Uint8Array> => {
    const source = await openPath(path, signal);
    try {
      return await source.read(0, source.size, new ReusedBuffer());
    } finally {
      await source.close();
    }
  };
