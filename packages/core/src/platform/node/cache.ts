import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ReusedBuffer } from '../../weights/read-buffer.js';
import type { ByteSource } from '../../weights/tensors.js';

export { cacheDirectory, openStore } from './file-store.js';

/** Where `CNNZOO_MIRROR` says that a mirror is: a path or a URL. */
export const mirrorLocation = (): string | undefined => process.env.CNNZOO_MIRROR || undefined;

/** A path, or the path of a `file:` URL; undefined for what lies behind a network. */
export function localPath(location: string): string | undefined {
  if (location.startsWith('file:')) return fileURLToPath(location);
  return /^[a-z][a-z\d+.-]+:/i.test(location) ? undefined : location;
}

/** Headers that make a server send the rest of a file only if it is still the same file. */
export const resumeHeaders = (validator: string): Record<string, string> => ({ 'If-Range': validator });

const CHUNK = 1 << 20;

/** The sha256 of all bytes, in hexadecimal. The next chunk is read while one is hashed, by turns into two buffers. */
export async function hashSource(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  const buffers = [new ReusedBuffer(), new ReusedBuffer()] as const;
  const chunkAt = (offset: number) =>
    offset < source.size
      ? source.read(offset, Math.min(CHUNK, source.size - offset), buffers[(offset / CHUNK) % 2])
      : undefined;
  let next = chunkAt(0);
  for (let offset = 0; next; ) {
    const chunk = await next;
    offset += chunk.byteLength;
    next = chunkAt(offset);
    hash.update(chunk);
  }
  return hash.digest('hex');
}
