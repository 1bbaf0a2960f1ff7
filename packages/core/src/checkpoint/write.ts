import { CnnzooError, copyOf, isTypedArray, numel, shownValue } from '../util/index.js';
import type { StoredName } from './dtypes.js';
import { isQuantizable, QUANTIZATION, QUANTIZATION_KEY, scaleKey, scaleShape, scalesOf, toInt8 } from './int8.js';
import type { DType, StateDict, StateTensor } from './tensors.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of the half that is nearest to a value, ties to even; infinite beyond 65504 (IEEE 754). */
function halfOf(value: number): number {
  float[0] = value;
  // A value that float32 can't hold is cut to an odd last bit, so that the next rounding sees no false tie.
  if (float[0] !== value && !Number.isNaN(value))
    bits[0] = (Math.abs(float[0]!) > Math.abs(value) ? bits[0]! - 1 : bits[0]!) | 1;
  const from = bits[0]!;
  const sign = (from >>> 16) & 0x8000;
  const magnitude = from & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  // 65520 and more round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // A subnormal half counts 2^-24; the nearest count of an exact float32 quotient, ties to even.
  const count = Math.abs(float[0]!) * 2 ** 24;
  const down = Math.floor(count);
  const rest = count - down;
  return sign | (rest > 0.5 || (rest === 0.5 && (down & 1) === 1) ? down + 1 : down);
}

/** Largest finite value of float16. */
export const LARGEST_FLOAT16 = 65_504;

/** Returns the first finite value that would be infinite as float16; undefined if there is none. */
export const beyondFloat16 = (values: Float32Array): number | undefined =>
  values.find((value) => Number.isFinite(value) && Math.abs(value) > LARGEST_FLOAT16);

/** Narrows floats to halves, as their bits. */
export function toFloat16(values: Float32Array | Float64Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = halfOf(values[i]!);
  return out;
}

/** Stored type of each type in memory, by safetensors' name. */
export const STORED_AS = {
  float32: 'F32',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
} as const satisfies Record<DType, StoredName>;

/** Typed array of each type. */
export const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

const isShape = (shape: unknown): shape is readonly number[] =>
  Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);

/** Throws INPUT unless `tensor` has a shape, and a typed array that fits it. */
export function checkTensor(key: string, tensor: unknown): asserts tensor is StateTensor {
  const { shape, dtype, data } = (tensor ?? {}) as Partial<StateTensor>;
  if (
    !isShape(shape) ||
    dtype === undefined ||
    !Object.hasOwn(ARRAYS, dtype) ||
    !isTypedArray(data, ARRAYS[dtype].name)
  )
    throw new CnnzooError(
      'INPUT',
      `'${key}': expected { shape, dtype, data } with dtype one of ${Object.keys(ARRAYS).join(', ')} and a typed array ` +
        `of that type, received shape ${String(shape)}, dtype ${String(dtype)} and ${data?.constructor?.name ?? String(data)}.`,
    );
  const size = numel(shape);
  if (data!.length !== size)
    throw new CnnzooError('INPUT', `'${key}': expected ${size} values for shape [${shape}], received ${data!.length}.`);
}

/** Key of safetensors' metadata for the layout of kernels and matrices, if it is not PyTorch's. */
export const LAYOUT_KEY = 'cnnzoo.layout';

/** Key of safetensors' metadata for a graph for inference, which `@cnnzoo/deploy` writes and reads. */
export const GRAPH_KEY = 'cnnzoo.graph';

/** A tensor in the header of a safetensors file. */
export interface HeaderTensor {
  readonly key: string;
  /** Type, by safetensors' name, e.g. 'F32'. */
  readonly stored: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Encodes the beginning of a safetensors file; the tensors' bytes follow in the order given. */
export function encodeHeader(tensors: readonly HeaderTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const pairs: string[] = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  let offset = 0;
  for (const { key, stored, shape, bytes } of tensors) {
    const entry = { dtype: stored, shape, data_offsets: [offset, offset + bytes] };
    pairs.push(`${JSON.stringify(key)}:${JSON.stringify(entry)}`);
    offset += bytes;
  }
  const text = new TextEncoder().encode(`{${pairs.join(',')}}`);
  const header = new Uint8Array(8 + 8 * Math.ceil(text.length / 8)).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

/** Options of `encodeSafetensors`. */
export interface EncodeOptions {
  /**
   * 'float16' narrows floats to halves, rounding to the nearest, ties to even. 'int8' stores kernels and matrices of floats
   * as int8 and a float32 scale per output channel (axis 0), under the key with '_scale' at its end; the metadata says so
   * under 'cnnzoo.quantization'. Default: every tensor keeps its type.
   */
  readonly dtype?: 'float16' | 'int8';
}

/** Order in which the Python package writes types: the widest first, so that each tensor's offset fits its type. */
const ORDER = ['U64', 'I64', 'F64', 'F32', 'U32', 'I32', 'F16', 'U16', 'I16', 'I8', 'U8', 'BOOL'];

const isFloat = ({ dtype }: StateTensor): boolean => dtype === 'float32' || dtype === 'float64';

interface Written extends HeaderTensor {
  values(): ArrayBufferView;
}

function written(key: string, tensor: StateTensor, { dtype }: EncodeOptions): Written[] {
  checkTensor(key, tensor);
  const { shape, data } = tensor;
  if (dtype === 'float16' && isFloat(tensor)) {
    const floats = data as Float32Array | Float64Array;
    return [{ key, shape, stored: 'F16', bytes: 2 * data.length, values: () => toFloat16(floats) }];
  }
  if (dtype === 'int8' && isQuantizable(tensor)) {
    const scales = scalesOf(key, tensor);
    return [
      { key, shape, stored: 'I8', bytes: data.length, values: () => toInt8(tensor, scales) },
      ...written(scaleKey(key), { shape: scaleShape(shape), dtype: 'float32', data: scales }, {}),
    ];
  }
  return [{ key, shape, stored: STORED_AS[tensor.dtype], bytes: data.byteLength, values: () => data }];
}

/** Refuses tensors whose place in a file of int8 weights is taken. */
function checkInt8(state: StateDict): void {
  for (const [key, tensor] of state) {
    if (tensor.dtype === 'int8')
      throw new CnnzooError(
        'INPUT',
        `'${key}' is int8 already: expected floats to write as int8. Read the file that it came from with readStateDict.`,
      );
    if (isQuantizable(tensor) && state.has(scaleKey(key)))
      throw new CnnzooError(
        'INPUT',
        `The scales of '${key}' have no place: the state dict has a '${scaleKey(key)}' already. Write it with dtype 'float16'.`,
      );
  }
}

const inOrder = (a: Written, b: Written): number =>
  ORDER.indexOf(a.stored) - ORDER.indexOf(b.stored) || (a.key < b.key ? -1 : 1);

/**
 * Encodes a state dict as a safetensors file, one piece a tensor, so that no second copy of all values is in memory.
 * The pieces share no memory with the state dict.
 *
 * @param state tensors by key, in PyTorch's layout.
 * @param metadata texts for the file's `__metadata__`. Default: none.
 * @param options `dtype: 'float16'` narrows floats to halves, 'int8' kernels and matrices to int8 with scales.
 * @returns the file's bytes, piece by piece.
 * @throws CnnzooError INPUT, before the first piece, for a tensor or metadata that can't be written.
 *
 * @example
 * ```ts
 * import { encodeSafetensors, readStateDict } from '@cnnzoo/core';
 * import { writeFile } from 'node:fs/promises';
 *
 * const state = await readStateDict('resnet18.pth');
 * await writeFile('resnet18.safetensors', encodeSafetensors(state));
 * ```
 */
export function* encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
  options: EncodeOptions = {},
): Generator<Uint8Array> {
  if (state.has('__metadata__'))
    throw new CnnzooError('INPUT', "A state dict can't hold the key '__metadata__': safetensors keeps it for itself.");
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new CnnzooError('INPUT', `metadata '${name}': expected a string, received ${typeof value}.`);
    if ([QUANTIZATION_KEY, LAYOUT_KEY, GRAPH_KEY].includes(name))
      throw new CnnzooError('INPUT', `metadata '${name}' is written by cnnzoo alone: choose another name.`);
  }
  const { dtype } = options;
  if (dtype !== undefined && dtype !== 'float16' && dtype !== 'int8')
    throw new CnnzooError(
      'INPUT',
      `encodeSafetensors: expected dtype 'float16', 'int8' or none, received ${shownValue(dtype)}.`,
    );
  if (dtype === 'int8') checkInt8(state);
  const tensors = [...state].flatMap(([key, tensor]) => written(key, tensor, options)).sort(inOrder);
  yield encodeHeader(tensors, dtype === 'int8' ? { ...metadata, [QUANTIZATION_KEY]: QUANTIZATION } : metadata);
  for (const { values } of tensors) {
    const { buffer, byteOffset, byteLength } = values();
    yield copyOf(new Uint8Array(buffer, byteOffset, byteLength));
  }
}
