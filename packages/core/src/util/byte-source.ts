import { copyOf } from './bytes.js';
import { CnnzooError } from './errors.js';

/** Returns the bytes of all parts, in order, as one array. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Provider of memory for the bytes of a read. */
export interface ReadBuffer {
  /** Returns `length` bytes of memory, with any content. */
  take(length: number): Uint8Array;
}

/**
 * Memory that every read uses again: the next read overwrites the bytes of the one before. Reading a file that the
 * operating system has cached takes less time than allocating fresh memory for it.
 */
export class ReusedBuffer implements ReadBuffer {
  private memory = new ArrayBuffer(0);

  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.memory.byteLength < length) this.memory = new ArrayBuffer(length);
    return new Uint8Array(this.memory, 0, length);
  }
}

/** Random access to bytes: a file, a Blob, an ArrayBuffer. The readers of all checkpoint formats take one. */
export interface ByteSource {
  /** Name for messages: a path, a URL, 'bytes'. */
  readonly name: string;
  /** Bytes of the whole source. */
  readonly size: number;
  /**
   * Returns exactly `length` bytes from `offset`. The bytes may lie in memory of `into`. Rejects if the source is
   * shorter.
   */
  read(offset: number, length: number, into?: ReadBuffer): Promise<Uint8Array>;
  /** Fills `target` from `offset` before it returns. Absent unless the bytes lie on a local disk. */
  readInto?(target: Uint8Array, offset: number): void;
  close(): Promise<void>;
}

/**
 * Returns a source of bytes in memory. The memory may be the caller's, or part of a larger buffer. A read returns a
 * copy, so that later changes of the memory and of the result are independent; with `into`, a read returns a view.
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

/** Returns a source of a Blob or File, which is read piece by piece. */
export const blobSource = (blob: Blob, name: string): ByteSource => ({
  name,
  size: blob.size,
  read: async (offset, length) => {
    const part = await blob
      .slice(offset, offset + length)
      .arrayBuffer()
      .catch((cause: unknown) => {
        // A page's File can't be read after the file has been changed or deleted.
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

/**
 * Returns all bytes of a Blob or File.
 *
 * @param name Name for messages.
 * @throws CnnzooError FILE if the file has been changed or deleted since it was chosen.
 */
export async function readBlob(blob: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new CnnzooError('FILE', `${name}: can't be read (${cause}). Choose the file again.`, { cause });
  }
}
