import { createHash } from 'node:crypto';
import { CnnzooError } from '../../errors.js';
import type { ByteSource } from '../../weights/read-buffer.js';
import { ReusedBuffer } from '../../weights/read-buffer.js';
import { localPath } from './paths.js';

export { cacheDirectory, openStore } from './file-store.js';

/**
 * Where `CNNZOO_MIRROR` says that a mirror is: a path, or a file:, http: or https: URL.
 * @throws CnnzooError INPUT for other schemes.
 */
export function mirrorLocation(): string | undefined {
  const location = process.env.CNNZOO_MIRROR || undefined;
  if (location === undefined || localPath(location) !== undefined || /^https?:/i.test(location)) return location;
  throw new CnnzooError(
    'INPUT',
    `CNNZOO_MIRROR: expected a path, or a file:, http: or https: URL, received '${location}'.`,
  );
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
