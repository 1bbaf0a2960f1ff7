import { copyOf } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import type { ByteSource } from '../read-buffer.js';

/**
 * Bytes in memory, which may be the caller's, or part of a larger buffer. A read is a copy, so that no result changes
 * with them, nor they with a result; with `into` it is a view.
 */
export const bytesSource = (bytes: Uint8Array, name: string): ByteSource => ({
  name,
  size: bytes.length,
  read: async (offset, length, into) => {
    if (offset + length > bytes.length)
      throw new CnnzooError(
        'FORMAT',
        `'${name}' ends too early: expected ${length} bytes at ${offset}, received ${Math.max(0, bytes.length - offset)}.`,
      );
    const view = bytes.subarray(offset, offset + length);
    return into ? view : copyOf(view);
  },
  close: async () => {},
});

/** A Blob or File, read piece by piece. */
export const blobSource = (blob: Blob, name: string): ByteSource => ({
  name,
  size: blob.size,
  read: async (offset, length) => {
    const part = await blob
      .slice(offset, offset + length)
      .arrayBuffer()
      .catch((cause: unknown) => {
        // A page's File whose file was changed or deleted since it was chosen.
        throw new CnnzooError('FILE', `Can't read '${name}': ${cause}. Choose the file again.`, { cause });
      });
    const bytes = new Uint8Array(part);
    if (bytes.length === length) return bytes;
    throw new CnnzooError(
      'FORMAT',
      `'${name}' ends too early: expected ${length} bytes at ${offset}, received ${bytes.length}.`,
    );
  },
  close: async () => {},
});
