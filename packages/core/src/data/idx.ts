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

async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new CnnzooError('FORMAT', `${name}: the gzip data is damaged or cut short. Fetch the file again.`, { cause });
  }
}

/**
 * Reads an idx file (the format of MNIST, described at http://yann.lecun.com/exdb/mnist/), plain or gzipped. Bytes are
 * not copied where they need not be.
 * @param name for messages
 */
export async function readIdx(bytes: Uint8Array, name = 'idx file'): Promise<IdxArray> {
  const raw = isGzip(bytes) ? await gunzip(bytes, name) : bytes;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const fail = (what: string): never => {
    throw new CnnzooError('FORMAT', `${name}: ${what}`);
  };
  if (raw.length < 4 || view.getUint16(0) !== 0)
    fail('expected an idx file, which starts with two zero bytes, an element type and a rank.');
  const type = TYPES[raw[2]!] ?? fail(`unknown idx element type 0x${raw[2]!.toString(16)}.`);
  const rank = raw[3]!;
  const header = 4 + 4 * rank;
  if (rank === 0 || raw.length < header) fail(`the header of a rank-${rank} idx file is cut short.`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = numel(shape);
  const expected = header + count * type.bytes;
  if (raw.length !== expected)
    fail(`[${shape}] needs ${expected} bytes, the file has ${raw.length}. It is damaged, or cut short.`);
  return { shape, data: type.read(new DataView(raw.buffer, raw.byteOffset + header, count * type.bytes), count) };
}
