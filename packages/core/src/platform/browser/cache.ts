import type { ByteSource } from '../../weights/read-buffer.js';
import { ReusedBuffer } from '../../weights/read-buffer.js';
import { sha256 } from './sha256.js';

export { cacheDirectory, openStore } from './page-store.js';

/** A page can name a mirror of its own before the first download: `globalThis.CNNZOO_MIRROR = 'https://…'`. */
export const mirrorLocation = (): string | undefined =>
  (globalThis as { CNNZOO_MIRROR?: string }).CNNZOO_MIRROR || undefined;

/** `If-Range` would cost a preflight that few servers answer: the resumed response's own headers are compared. */
export const resumeHeaders = (_validator: string): Record<string, string> => ({});

/** The sha256 of all bytes, in hexadecimal. */
export async function hashSource(source: ByteSource): Promise<string> {
  const bytes = await source.read(0, source.size, new ReusedBuffer());
  // Withheld from pages that aren't served over https.
  if (!globalThis.crypto?.subtle) return sha256(bytes);
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
