import { throwIfAborted } from '../download/aborted.js';

/** Parts of a platform that decide when long work lets the event loop turn. */
interface Turns {
  /** Milliseconds that a computation may keep the event loop from turning. */
  readonly LONGEST_TURN: number;
  /** Resolves after the work that waits (timers, input, messages) has had its turn. */
  nextTurn(): Promise<void>;
}

/**
 * Lets the event loop turn if it has waited long enough: timers run, a page draws, Ctrl-C works. Awaited between pieces of
 * work that compute; costs nothing in between.
 * @param what the work that a signal stops, for the message: 'The evaluation'.
 * @throws CnnzooError ABORTED by the signal.
 */
export type Breathe = (what: string, signal?: AbortSignal) => Promise<void>;

/** Makes a platform's `breathe`. */
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
