import { numel } from '../util/index.js';
import { type ReadBuffer, ReusedBuffer } from '../util/late.js';
import { isStored, STORED } from './dtypes.js';
import { bitsOf, torchExtents, toTfShape, toTorchShape, toTorchValues } from './layout.js';
import type { LazyTensor, TensorFile } from './tensors.js';
import { encodeHeader, LAYOUT_KEY, STORED_AS } from './write.js';

// Apart from layout.ts, since only calls need it: layout.ts is loaded with the page.

function emptyFloats(length: number, into: ReadBuffer | undefined): Float32Array {
  if (!into) return new Float32Array(length);
  const { buffer, byteOffset } = into.take(4 * length);
  return new Float32Array(buffer, byteOffset, length);
}

/**
 * Transposes values from PyTorch's layout to tfjs'; `shape` is PyTorch's. A new array, or one in `into`; at rank 0 and 1
 * the values themselves.
 */
export function toTfValues(floats: Float32Array, shape: readonly number[], into?: ReadBuffer): Float32Array {
  if (shape.length < 2) return floats;
  const [outs, ins, taps] = torchExtents(shape);
  const values = bitsOf(floats);
  const transposed = emptyFloats(floats.length, into);
  const result = bitsOf(transposed);
  const row = ins * taps;
  const whole = outs - (outs % 8);
  // Eight rows side by side, and the loop over them written out: two to three times as fast as one row, or a loop.
  for (let o = 0; o < whole; o += 8) {
    const r0 = o * row;
    const r1 = r0 + row;
    const r2 = r1 + row;
    const r3 = r2 + row;
    const r4 = r3 + row;
    const r5 = r4 + row;
    const r6 = r5 + row;
    const r7 = r6 + row;
    for (let tap = 0; tap < taps; tap++) {
      let to = tap * ins * outs + o;
      for (let from = tap; from < row; from += taps) {
        result[to] = values[r0 + from]!;
        result[to + 1] = values[r1 + from]!;
        result[to + 2] = values[r2 + from]!;
        result[to + 3] = values[r3 + from]!;
        result[to + 4] = values[r4 + from]!;
        result[to + 5] = values[r5 + from]!;
        result[to + 6] = values[r6 + from]!;
        result[to + 7] = values[r7 + from]!;
        to += outs;
      }
    }
  }
  for (let o = whole; o < outs; o++)
    for (let i = 0; i < ins; i++)
      for (let tap = 0; tap < taps; tap++) result[(tap * ins + i) * outs + o] = values[o * row + i * taps + tap]!;
  return transposed;
}

/*
 * A transposed file is a safetensors file whose kernels and matrices are stored in tfjs' layout: they are read straight
 * into the backend. The cache keeps checkpoints so (docs/decisions/0002-cache-format.md).
 */

const TFJS = 'tfjs';
/** Key of safetensors' metadata for the tensors' key in the downloaded file, and the entries beside them, as JSON. */
const ORIGIN_KEY = 'cnnzoo.origin';

const isKernel = ({ stored, shape }: LazyTensor): boolean =>
  stored === 'F32' && (shape.length === 2 || shape.length === 4);

/** Returns true for a tensor that is the same in both layouts. A half is not: it would be widened at each start. */
const isPlain = ({ stored, dtype, shape }: LazyTensor): boolean => shape.length < 2 && stored === STORED_AS[dtype];

/** Returns true if a transposed copy would load sooner. */
export function isWorthTransposing(file: TensorFile): boolean {
  const tensors = [...file.tensors.values()];
  return (
    tensors.some((lazy) => isKernel(lazy) && !lazy.readTransposed) && tensors.every((t) => isKernel(t) || isPlain(t))
  );
}

const bytesOf = ({ stored, shape }: LazyTensor): number => numel(shape) * (isStored(stored) ? STORED[stored].bytes : 0);

/** Encodes a checkpoint as a transposed file, one tensor after the other. Every value keeps its bits. */
export async function* encodeTransposed(file: TensorFile): AsyncGenerator<Uint8Array, void, void> {
  const entries = [...file.tensors];
  yield encodeHeader(
    entries.map(([key, lazy]) => ({
      key,
      stored: lazy.stored,
      shape: isKernel(lazy) ? toTfShape(lazy.shape) : lazy.shape,
      bytes: bytesOf(lazy),
    })),
    { ...file.metadata, [LAYOUT_KEY]: TFJS, [ORIGIN_KEY]: JSON.stringify({ key: file.key, others: file.others }) },
  );
  const [read, transposed] = [new ReusedBuffer(), new ReusedBuffer()];
  for (const [, lazy] of entries) {
    const { data } = await lazy.read(read);
    const { buffer, byteOffset, byteLength } = isKernel(lazy)
      ? toTfValues(data as Float32Array, lazy.shape, transposed)
      : data;
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/** Gives the tensors of a transposed file in PyTorch's layout; `readTransposed` reads them as they are stored. */
export function inTorchLayout(file: TensorFile): TensorFile {
  const { [LAYOUT_KEY]: layout, [ORIGIN_KEY]: origin, ...metadata } = file.metadata;
  if (layout !== TFJS) return file;
  const tensors = new Map(
    [...file.tensors].map(([key, lazy]): [string, LazyTensor] => [
      key,
      lazy.stored === 'F32' ? transposedBack(lazy) : lazy,
    ]),
  );
  return { ...file, metadata, tensors, ...originOf(origin) };
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Key and other entries of the file that a transposed one was made of; {} if it does not say. */
function originOf(text: string | undefined): Pick<TensorFile, 'key' | 'others'> {
  try {
    const { key, others } = JSON.parse(text ?? '{}') as Record<string, unknown>;
    return { ...(isText(key) && { key }), ...(Array.isArray(others) && others.every(isText) && { others }) };
  } catch {
    return {};
  }
}

const valuesOf = async (lazy: LazyTensor, into?: ReadBuffer) => (await lazy.read(into)).data as Float32Array;

function transposedBack(lazy: LazyTensor): LazyTensor {
  const shape = toTorchShape(lazy.shape);
  return {
    ...lazy,
    shape,
    read: async (into) => ({ shape, dtype: 'float32', data: toTorchValues(await valuesOf(lazy, into), shape) }),
    readTransposed: () => valuesOf(lazy),
  };
}
