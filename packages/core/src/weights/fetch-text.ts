import { fetchBytes } from '../download/fetch-bytes.js';
import type { TransferContext } from './transfer.js';

/** Bytes of the largest text that is fetched: an index of thousands of files. */
export const MAX_TEXT = 2 ** 24;

/** Fetches a small text, e.g. an index or a pointer file. */
export async function fetchText(
  url: string,
  what: string,
  { fetch, signal, tuning }: TransferContext,
): Promise<string> {
  const patience = { ...tuning, totalMs: 4 * tuning.stallMs };
  const bytes = await fetchBytes(url, { fetch, what, maxBytes: MAX_TEXT, signal, patience });
  return new TextDecoder().decode(bytes);
}
