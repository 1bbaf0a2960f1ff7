import { CnnzooError } from './errors.js';

type Platform = typeof import('#platform');
let platform: Pick<Platform, 'LONGEST_TURN' | 'nextTurn'> | undefined;
/** When the event loop last had its turn, in ms. */
let mark = Number.NEGATIVE_INFINITY;

/** Returns true if the event loop has waited for its turn as long as it should. */
export const isBreathDue = (): boolean => !platform || performance.now() - mark >= platform.LONGEST_TURN;

/**
 * Lets the event loop turn if it has waited long enough: timers run, a page draws, Ctrl-C works. To be awaited between
 * pieces of work that compute; costs nothing in between.
 * @param what the work that a signal stops, for the message: 'The evaluation'.
 * @throws CnnzooError ABORTED by the signal.
 */
export async function breathe(what: string, signal?: AbortSignal): Promise<void> {
  throwIfAborted(what, signal);
  if (!isBreathDue()) return;
  // Loaded late: what only builds a net needs nothing of it.
  platform ??= await import('#platform');
  await platform.nextTurn();
  mark = performance.now();
  throwIfAborted(what, signal);
}

/** @throws CnnzooError ABORTED if the signal is aborted. */
export function throwIfAborted(what: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CnnzooError('ABORTED', `${what} was stopped by its signal.`, { cause: signal.reason });
}
