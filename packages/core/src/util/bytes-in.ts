import { copyOf, tagOf } from './bytes.js';
import { CnnzooError } from './errors.js';

/** Returns a view of memory. Memory that was transferred to another thread has none. */
function viewOf(buffer: ArrayBufferLike, offset?: number, length?: number): Uint8Array {
  try {
    return new Uint8Array(buffer, offset, length);
  } catch (cause) {
    throw new CnnzooError('INPUT', 'expected bytes, received memory that was transferred: it is empty here.', {
      cause,
    });
  }
}

/**
 * Returns the bytes of a value that can only mean bytes: an ArrayBuffer, SharedArrayBuffer, Uint8Array, Buffer,
 * Uint8ClampedArray or DataView of any realm. undefined for every other value.
 *
 * The result is a view of the same memory. Shared memory, which few interfaces take, is copied.
 *
 * @throws CnnzooError INPUT for memory that was transferred to another thread.
 */
export function bytesIn(value: unknown): Uint8Array | undefined {
  const tag = tagOf(value);
  if (tag === 'ArrayBuffer') return viewOf(value as ArrayBuffer);
  if (tag === 'SharedArrayBuffer') return copyOf(new Uint8Array(value as SharedArrayBuffer));
  if (!ArrayBuffer.isView(value) || !['Uint8Array', 'Uint8ClampedArray', 'DataView'].includes(tag)) return undefined;
  const bytes = viewOf(value.buffer, value.byteOffset, value.byteLength);
  return tagOf(value.buffer) === 'SharedArrayBuffer' ? copyOf(bytes) : bytes;
}

/**
 * Returns the bytes of an argument, as `bytesIn` does.
 *
 * @param name Name of the argument for the message.
 * @throws CnnzooError INPUT for a value that is not bytes.
 */
export function requireBytesOf(value: unknown, name: string): Uint8Array {
  const bytes = bytesIn(value);
  if (bytes) return bytes;
  throw new CnnzooError(
    'INPUT',
    `${name}: expected bytes (Uint8Array, Buffer or ArrayBuffer), received ${value === null ? 'null' : tagOf(value)}.`,
  );
}
