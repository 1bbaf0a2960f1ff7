import { CnnzooError } from './errors.js';

/** Returns the error (ABORTED) for a download that its signal stopped; `cause` is the signal's reason. */
export const abortedError = (signal: AbortSignal): CnnzooError =>
  new CnnzooError('ABORTED', 'The download was aborted by its signal.', { cause: signal.reason });

/**
 * Throws if the signal is aborted.
 *
 * @param what Subject of the error's message: 'The evaluation'.
 * @throws CnnzooError ABORTED.
 */
export function throwIfAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CnnzooError('ABORTED', `${what} was stopped by its signal.`, { cause: signal.reason });
}

/** Listeners of signals that are waited for. A signal itself gets one: Node warns of a leak at its eleventh. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `listener` when the signal aborts, unless the returned function is called before. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = listeners.get(signal);
  const waiting = known ?? new Set();
  // A function of its own, so that a listener can wait twice.
  const entry = (): void => listener();
  waiting.add(entry);
  if (!known) {
    const ring = (): void => {
      for (const each of waiting) each();
    };
    listeners.set(signal, waiting);
    signal.addEventListener('abort', ring, { once: true });
  }
  return () => void waiting.delete(entry);
}

/**
 * Settles as `promise` does, but rejects as soon as the signal aborts, even if `promise` does not listen to the signal.
 */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    const forget = onAbort(signal, stop);
    promise.then(resolve, reject).finally(forget);
  });
}

/** Waits `ms` milliseconds. Rejects as soon as the signal aborts, and then clears its timer. */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await (signal ? orAbort(wait, signal) : wait);
  } finally {
    clearTimeout(timer);
  }
}
