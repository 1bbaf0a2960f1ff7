import { orAbort } from './or-abort.js';
import type { Watchdog } from './watchdog.js';

/**
 * Size of the body in bytes, if the server states it. null for a compressed one too: its stated length is not that of
 * the bytes that arrive here.
 */
export function statedSize({ headers }: Response): number | null {
  const encoding = headers.get('content-encoding');
  const length = headers.get('content-length');
  if ((encoding && encoding !== 'identity') || !length || !/^\d+$/.test(length)) return null;
  return Number(length);
}

/** Lets go of a response's body. Not awaited: a dead connection would not answer this either. */
export const dropBody = (response: Response, reason?: unknown): void =>
  void response.body?.cancel(reason).catch(() => undefined);

/** Thrown when the connection ends before the body does. */
export class BodyError extends Error {}

/**
 * Hands a response's body to `take`, chunk by chunk. An error, `take`'s own too, ends the connection.
 * @param signal aborts the wait for the next chunk.
 * @throws BodyError if the connection breaks; the signal's reason; what `take` throws.
 */
export async function readBody(
  response: Response,
  dog: Watchdog,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await orAbort(reader.read(), signal).catch((cause: unknown) => {
        throw signal.aborted ? cause : new BodyError('the connection broke', { cause });
      });
      if (done) return;
      dog.feed(value.byteLength);
      await take(value);
    }
  } catch (error) {
    void reader.cancel(error).catch(() => undefined);
    throw error;
  }
}
