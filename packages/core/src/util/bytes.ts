import { CnnzooError } from './errors.js';

/** Returns the number of values in a tensor of this shape, as PyTorch's `numel`: 1 for a scalar, whose shape is []. */
export const numel = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

// Values of another realm (jsdom, vm, Jest, an iframe) fail `instanceof`, but have the same tag.
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Returns true for a Uint8Array of any realm. A Node Buffer is one. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array';

/** Returns true for a typed array of any realm that has this class name: 'Float32Array', 'BigInt64Array', … */
export const isTypedArray = (value: unknown, name: string): boolean =>
  ArrayBuffer.isView(value) && tagOf(value) === name;

/** Returns true for an ArrayBuffer of any realm. */
export const isArrayBuffer = (value: unknown): value is ArrayBuffer => tagOf(value) === 'ArrayBuffer';

/** Returns true for a Map of any realm. */
export const isMap = (value: unknown): value is Map<unknown, unknown> => tagOf(value) === 'Map';

/** Returns true for a Blob or File of any realm. */
export const isBlob = (value: unknown): value is Blob => ['Blob', 'File'].includes(tagOf(value));

/** Returns true for a URL object of any realm. */
export const isUrl = (value: unknown): value is URL => tagOf(value) === 'URL';

/**
 * Returns a copy of the bytes, in a buffer of its own, at offset 0. (`slice` does not copy a Node Buffer: it returns a
 * view.)
 */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

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
