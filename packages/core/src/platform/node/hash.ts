import { createHash } from 'node:crypto';
import { type ByteSource, ReusedBuffer } from '../../util/late.js';

/** Bytes that are hashed at a time. */
const CHUNK = 1 << 20;

/**
 * Returns the sha256 of all bytes, in hexadecimal. One buffer is hashed while the next chunk is read into the other.
 */
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

export { crc32 } from 'node:zlib';
