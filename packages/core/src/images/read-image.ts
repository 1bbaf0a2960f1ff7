import { fetchUrl } from '#platform';
import { fetchBytes, isFetched, shownUrl } from '../download/fetch-bytes.js';
import { PATIENCE } from '../download/watchdog.js';
import { readFile } from '../read-file.js';

/** Bytes of the largest image that is fetched, and milliseconds that it may take. */
const MOST_BYTES = 2 ** 28;
const LONGEST = 600_000;

/** The bytes of an encoded image, and its name for messages. */
export async function readImage(
  location: string | URL,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array; name: string }> {
  const url = String(location);
  const bytes = isFetched(url)
    ? await fetchBytes(url, {
        fetch: fetchUrl,
        what: 'an image',
        maxBytes: MOST_BYTES,
        signal,
        patience: { ...PATIENCE, totalMs: LONGEST },
      })
    : await readFile(url, signal);
  return { bytes, name: shownUrl(url) };
}
