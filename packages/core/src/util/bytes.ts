/** Returns the number of values in a tensor of this shape, as PyTorch's `numel`: 1 for a scalar, whose shape is []. */
export const numel = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Returns the class name of a value of any realm: those of another (jsdom, vm, Jest, an iframe) fail `instanceof`. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

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
