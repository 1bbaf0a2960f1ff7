import { CnnzooError } from './errors.js';

/** How many values a tensor of this shape holds, as PyTorch's numel; 1 for a scalar's []. */
export const numel = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

// Values of another realm (jsdom, vm, Jest, an iframe) fail `instanceof`; their tags tell what they are all the same.
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Returns true for a Uint8Array of any realm, a Node Buffer among them. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array';

/** Returns true for a typed array of any realm, by the name of its class: 'Float32Array', 'BigInt64Array', … */
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
 * A copy of the bytes with a buffer of its own that begins at 0. `bytes.slice()` is none: a Buffer's is a view of the
 * same memory.
 */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/**
 * The bytes of a value of any realm that can only mean bytes: an ArrayBuffer, a Uint8Array or Buffer, a
 * Uint8ClampedArray, a DataView; undefined for every other value. A view where it may be one, a copy of shared memory,
 * which few interfaces take.
 */
export function bytesIn(value: unknown): Uint8Array | undefined {
  const tag = tagOf(value);
  if (tag === 'ArrayBuffer') return new Uint8Array(value as ArrayBuffer);
  if (tag === 'SharedArrayBuffer') return copyOf(new Uint8Array(value as SharedArrayBuffer));
  if (!ArrayBuffer.isView(value) || !['Uint8Array', 'Uint8ClampedArray', 'DataView'].includes(tag)) return undefined;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return tagOf(value.buffer) === 'SharedArrayBuffer' ? copyOf(bytes) : bytes;
}

/**
 * The bytes of an argument, as `bytesIn` tells them.
 *
 * @param name for the message.
 * @throws CnnzooError INPUT for every other value.
 */
export function requireBytesOf(value: unknown, name: string): Uint8Array {
  const bytes = bytesIn(value);
  if (bytes) return bytes;
  throw new CnnzooError(
    'INPUT',
    `${name}: expected bytes (Uint8Array, Buffer or ArrayBuffer), received ${value === null ? 'null' : tagOf(value)}.`,
  );
}
