import { ReusedBuffer, throwIfAborted } from '../util/late.js';

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

/** All bytes of a file, by its path, or in a page by its URL. */
export async function readFile(path: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
  const { openPath } = await import('#platform');
  const source = await openPath(path, signal);
  try {
    return await source.read(0, source.size, new ReusedBuffer());
  } finally {
    await source.close();
  }
}
