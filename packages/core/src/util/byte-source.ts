import { copyOf } from './bytes.js';
import { CnnzooError } from './errors.js';

/** Memory that a read may put its bytes into. */
export interface ReadBuffer {
  take(length: number): Uint8Array;
}

/**
 * Memory that one read after another goes to: the bytes of one are gone with the next. Fresh memory costs more than
 * the reading does, where the file lies in the system's cache.
 */
export class ReusedBuffer implements ReadBuffer {
  private memory = new ArrayBuffer(0);

  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.memory.byteLength < length) this.memory = new ArrayBuffer(length);
    return new Uint8Array(this.memory, 0, length);
  }
}

/** Random access to bytes: a file, a Blob, an ArrayBuffer. The readers of all formats stand on this. */
export interface ByteSource {
  /** For messages: a path, a URL, 'bytes'. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`, where they may lie in `into`; rejects where the source is shorter. */
  read(offset: number, length: number, into?: ReadBuffer): Promise<Uint8Array>;
  /** Fills `target` from `offset` before it returns; only where nothing has to be waited for but a disk. */
  readInto?(target: Uint8Array, offset: number): void;
  close(): Promise<void>;
}

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

/**
 * All bytes of a Blob or File.
 *
 * @param name for messages.
 * @throws CnnzooError FILE where the file has changed or gone since it was chosen.
 */
export async function readBlob(blob: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new CnnzooError('FILE', `${name}: can't be read (${cause}). Choose the file again.`, { cause });
  }
}
