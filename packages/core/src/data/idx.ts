import { requireBytesOf } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { numel } from '../shape.js';

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: IdxData;
}

interface ElementType {
  readonly bytes: number;
  /** Reads `count` big-endian values. */
  read(view: DataView, count: number): IdxData;
}

const reader = <T extends IdxData>(
  bytes: number,
  make: (n: number) => T,
  get: (v: DataView, at: number) => number,
) => ({
  bytes,
  read(view: DataView, count: number): T {
    const out = make(count);
    for (let i = 0; i < count; i++) out[i] = get(view, i * bytes);
    return out;
  },
});

const TYPES: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) },
  9: { bytes: 1, read: (view, count) => new Int8Array(view.buffer, view.byteOffset, count) },
  11: reader(
    2,
    (n) => new Int16Array(n),
    (v, at) => v.getInt16(at),
  ),
  12: reader(
    4,
    (n) => new Int32Array(n),
    (v, at) => v.getInt32(at),
  ),
  13: reader(
    4,
    (n) => new Float32Array(n),
    (v, at) => v.getFloat32(at),
  ),
  14: reader(
    8,
    (n) => new Float64Array(n),
    (v, at) => v.getFloat64(at),
  ),
};

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

interface Header {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Bytes before the values. */
  readonly length: number;
  /** Bytes of the whole file. */
  readonly fileLength: number;
}

/** @param start at least the first bytes of the file. */
function readHeader(start: Uint8Array, fail: (what: string) => never): Header {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 4 || view.getUint16(0) !== 0)
    fail('expected an idx file, which starts with two zero bytes, an element type and a rank.');
  const type = TYPES[start[2]!] ?? fail(`unknown idx element type 0x${start[2]!.toString(16)}.`);
  const rank = start[3]!;
  const length = 4 + 4 * rank;
  if (rank === 0 || start.length < length) fail(`the header of a rank-${rank} idx file is cut short.`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  return { type, shape, length, fileLength: length + numel(shape) * type.bytes };
}

/** Bytes of the longest header: a rank is one byte. */
const LONGEST_HEADER = 4 + 4 * 255;

/** Inflates no more than a chunk beyond what the idx header says, however much the gzip data would become. */
async function gunzip(bytes: Uint8Array, name: string, fail: (what: string) => never): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  const damaged = (cause: unknown): never => {
    throw new CnnzooError('FORMAT', `${name}: the gzip data is damaged or cut short. Fetch the file again.`, { cause });
  };
  const chunks: Uint8Array[] = [];
  let length = 0;
  let most = Number.POSITIVE_INFINITY;
  const joined = (): Uint8Array => {
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(damaged);
      if (done) return joined();
      chunks.push(value);
      length += value.length;
      if (most === Number.POSITIVE_INFINITY && length >= LONGEST_HEADER) most = readHeader(joined(), fail).fileLength;
      if (length > most) return joined();
    }
  } finally {
    // Of a stream that failed, the failure is known.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Reads an idx file (the format of MNIST, described at http://yann.lecun.com/exdb/mnist/), plain or gzipped. Bytes are
 * not copied where they need not be.
 * @param name for messages
 */
export async function readIdx(bytes: Uint8Array, name = 'idx file'): Promise<IdxArray> {
  const fail = (what: string): never => {
    throw new CnnzooError('FORMAT', `${name}: ${what}`);
  };
  const given = requireBytesOf(bytes, name);
  const raw = isGzip(given) ? await gunzip(given, name, fail) : given;
  const { type, shape, length, fileLength } = readHeader(raw, fail);
  if (raw.length < fileLength)
    fail(`[${shape}] needs ${fileLength} bytes, the file has ${raw.length}. It is damaged, or cut short.`);
  if (raw.length > fileLength) fail(`[${shape}] needs ${fileLength} bytes, the file has more. It is damaged.`);
  const count = numel(shape);
  return { shape, data: type.read(new DataView(raw.buffer, raw.byteOffset + length, count * type.bytes), count) };
}
