import { CnnzooError } from './errors.js';

export const abortedError = (signal: AbortSignal): CnnzooError =>
  new CnnzooError('ABORTED', 'The download was aborted by its signal.', { cause: signal.reason });

/**
 * Ends work whose signal is aborted.
 * @param what the work, for the message: 'The evaluation'.
 * @throws CnnzooError ABORTED.
 */
export function throwIfAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CnnzooError('ABORTED', `${what} was stopped by its signal.`, { cause: signal.reason });
}

/** Rejects as soon as the signal aborts, also if `promise` does not listen to it. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Waits; rejects at once when the signal aborts, and leaves no timer behind. */
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
