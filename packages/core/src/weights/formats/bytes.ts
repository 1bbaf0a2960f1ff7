import { CnnzooError } from '../../errors.js';
import type { ByteSource } from '../tensors.js';

/** Bytes in memory. A read is a view of them. */
export const bytesSource = (bytes: Uint8Array, name: string): ByteSource => ({
  name,
  size: bytes.length,
  read: async (offset, length) => {
    if (offset + length > bytes.length)
      throw new CnnzooError(
        'FORMAT',
        `'${name}' ends too early: expected ${length} bytes at ${offset}, received ${Math.max(0, bytes.length - offset)}.`,
      );
    return bytes.subarray(offset, offset + length);
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
