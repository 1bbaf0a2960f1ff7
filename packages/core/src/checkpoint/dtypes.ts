import { CnnzooError, copyOf, numel } from '../util/index.js';
import type { DType, DTypes, StateTensor } from './tensors.js';

/** A type of stored values, and how they become values in memory. */
interface Stored<D extends DType> {
  /** Size of one value. */
  readonly bytes: number;
  readonly dtype: D;
  view(buffer: ArrayBufferLike, offset: number, count: number): DTypes[D];
}

const same = <D extends DType>(
  dtype: D,
  Values: { new (buffer: ArrayBufferLike, offset: number, count: number): DTypes[D]; BYTES_PER_ELEMENT: number },
): Stored<D> => ({
  bytes: Values.BYTES_PER_ELEMENT,
  dtype,
  view: (buffer, offset, count) => new Values(buffer, offset, count),
});

/** float32 of each of the 65,536 halves, made at first use: a look-up is several times as fast as the arithmetic. */
let halves: Float32Array | undefined;

function makeHalves(): Float32Array {
  const bits = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) bits[half] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) bits[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else if (fraction > 0) {
      // A subnormal half is a normal float32: shift its first one up to the hidden bit.
      const shift = Math.clz32(fraction) - 21;
      bits[half] = sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
    } else bits[half] = sign;
  }
  return new Float32Array(bits.buffer);
}

const float16: Stored<'float32'> = {
  bytes: 2,
  dtype: 'float32',
  view: (buffer, offset, count) => {
    halves ??= makeHalves();
    // Copied as bits: a look-up through a double would quieten a signalling NaN.
    const bits = new Uint32Array(halves.buffer);
    const from = new Uint16Array(buffer, offset, count);
    const to = new Uint32Array(count);
    for (let i = 0; i < count; i++) to[i] = bits[from[i]!]!;
    return new Float32Array(to.buffer);
  },
};

/** A bfloat16 is the upper half of a float32. */
const bfloat16: Stored<'float32'> = {
  bytes: 2,
  dtype: 'float32',
  view: (buffer, offset, count) => {
    const from = new Uint16Array(buffer, offset, count);
    const to = new Uint32Array(count);
    for (let i = 0; i < count; i++) to[i] = from[i]! << 16;
    return new Float32Array(to.buffer);
  },
};

/** A type of one byte, whose values are looked up in a table that is made at first use. */
function float8(toNumber: (byte: number) => number): Stored<'float32'> {
  let table: Float32Array | undefined;
  return {
    bytes: 1,
    dtype: 'float32',
    view: (buffer, offset, count) => {
      table ??= Float32Array.from({ length: 256 }, (_, byte) => toNumber(byte));
      const from = new Uint8Array(buffer, offset, count);
      const to = new Float32Array(count);
      for (let i = 0; i < count; i++) to[i] = table[from[i]!]!;
      return to;
    },
  };
}

/** Value of a byte with a sign, an exponent and a fraction of `bits`, without infinities and NaN. */
function finite8(byte: number, bits: number, bias: number): number {
  const exponent = (byte & 0x7f) >> bits;
  const fraction = (byte & ((1 << bits) - 1)) / (1 << bits);
  const magnitude = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  return byte & 0x80 ? -magnitude : magnitude;
}

/** 'fn' has no infinity, and NaN if all bits are set. 'fnuz' has no -0, whose bits are its only NaN. */
const e4m3 = (byte: number): number => ((byte & 0x7f) === 0x7f ? Number.NaN : finite8(byte, 3, 7));
const e4m3fnuz = (byte: number): number => (byte === 0x80 ? Number.NaN : finite8(byte, 3, 8));
const e5m2fnuz = (byte: number): number => (byte === 0x80 ? Number.NaN : finite8(byte, 2, 16));
/** A power of two. */
const e8m0 = (byte: number): number => (byte === 0xff ? Number.NaN : 2 ** (byte - 127));

/** A float8_e5m2 is the upper half of a float16, infinities and NaN included. */
function e5m2(byte: number): number {
  const magnitude = byte & 0x7f;
  if (magnitude > 0x7c) return Number.NaN;
  if (magnitude === 0x7c) return byte & 0x80 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return finite8(byte, 2, 15);
}

/** Stored types by safetensors' names. */
export const STORED = {
  F32: same('float32', Float32Array),
  F16: float16,
  BF16: bfloat16,
  F64: same('float64', Float64Array),
  F8_E4M3: float8(e4m3),
  F8_E5M2: float8(e5m2),
  F8_E4M3FNUZ: float8(e4m3fnuz),
  F8_E5M2FNUZ: float8(e5m2fnuz),
  F8_E8M0: float8(e8m0),
  I64: same('int64', BigInt64Array),
  I32: same('int32', Int32Array),
  I16: same('int16', Int16Array),
  I8: same('int8', Int8Array),
  U64: same('uint64', BigUint64Array),
  U32: same('uint32', Uint32Array),
  U16: same('uint16', Uint16Array),
  U8: same('uint8', Uint8Array),
  BOOL: same('bool', Uint8Array),
} as const satisfies Record<string, Stored<DType>>;

export type StoredName = keyof typeof STORED;

export const isStored = (name: string): name is StoredName => Object.hasOwn(STORED, name);

/** Makes a tensor of little-endian bytes: a view of them if they are aligned, else a copy. */
export function toTensor(bytes: Uint8Array, stored: StoredName, shape: readonly number[]): StateTensor {
  const { bytes: size, dtype, view } = STORED[stored];
  const count = numel(shape);
  if (bytes.length !== count * size)
    throw new CnnzooError('FORMAT', `expected ${count * size} bytes of ${stored}, received ${bytes.length}.`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : copyOf(bytes);
  return { shape, dtype, data: view(aligned.buffer, aligned.byteOffset, count) } as StateTensor;
}
