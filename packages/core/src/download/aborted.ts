import { CnnzooError } from '../errors.js';

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
