import { numel } from '../util/index.js';
import { type ReadBuffer, ReusedBuffer } from '../util/late.js';
import { isStored, STORED } from './dtypes.js';
import { bitsOf, torchExtents, toTfShape, toTorchShape, toTorchValues } from './layout.js';
import type { LazyTensor, TensorFile } from './tensors.js';
import { encodeHeader, STORED_AS } from './write.js';

// Apart from layout.ts, for only the readers need it: they are loaded when called.

function emptyFloats(length: number, into: ReadBuffer | undefined): Float32Array {
  if (!into) return new Float32Array(length);
  const { buffer, byteOffset } = into.take(4 * length);
  return new Float32Array(buffer, byteOffset, length);
}

/**
 * Values of a PyTorch tensor in tfjs' order; `shape` is PyTorch's. A new array, or one in the memory given; at rank 0
 * and 1 the values themselves.
 */
export function toTfValues(floats: Float32Array, shape: readonly number[], into?: ReadBuffer): Float32Array {
  if (shape.length < 2) return floats;
  const [outs, ins, taps] = torchExtents(shape);
  const values = bitsOf(floats);
  const turned = emptyFloats(floats.length, into);
  const result = bitsOf(turned);
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
  return turned;
}

/*
 * A turned file is a safetensors file whose kernels and matrices are stored in tfjs' order: its values go from the disk
 * to the backend as they are. The cache keeps checkpoints so (docs/decisions/0002-cache-format.md).
 */

/** In safetensors' metadata: the order of the values of kernels and matrices, if it is not PyTorch's. */
const LAYOUT_KEY = 'cnnzoo.layout';
const TURNED = 'tfjs';
/** In safetensors' metadata: where in the fetched file the tensors lay, and what lay beside them, as JSON. */
const ORIGIN_KEY = 'cnnzoo.origin';

const isKernel = ({ stored, shape }: LazyTensor): boolean =>
  stored === 'F32' && (shape.length === 2 || shape.length === 4);

/** What a turned file holds as every other does. Halves are none of it: they would have to be widened at each start. */
const isPlain = ({ stored, dtype, shape }: LazyTensor): boolean => shape.length < 2 && stored === STORED_AS[dtype];

/** Whether a turned copy would load sooner. */
export function isWorthTurning(file: TensorFile): boolean {
  const tensors = [...file.tensors.values()];
  return tensors.some((lazy) => isKernel(lazy) && !lazy.readTurned) && tensors.every((t) => isKernel(t) || isPlain(t));
}

const bytesOf = ({ stored, shape }: LazyTensor): number => numel(shape) * (isStored(stored) ? STORED[stored].bytes : 0);

/** A checkpoint as a turned file, one tensor after the other. Every value keeps its bits. */
export async function* encodeTurned(file: TensorFile): AsyncGenerator<Uint8Array, void, void> {
  const entries = [...file.tensors];
  yield encodeHeader(
    entries.map(([key, lazy]) => ({
      key,
      stored: lazy.stored,
      shape: isKernel(lazy) ? toTfShape(lazy.shape) : lazy.shape,
      bytes: bytesOf(lazy),
    })),
    { ...file.metadata, [LAYOUT_KEY]: TURNED, [ORIGIN_KEY]: JSON.stringify({ key: file.key, others: file.others }) },
  );
  const [read, turned] = [new ReusedBuffer(), new ReusedBuffer()];
  for (const [, lazy] of entries) {
    const { data } = await lazy.read(read);
    const { buffer, byteOffset, byteLength } = isKernel(lazy)
      ? toTfValues(data as Float32Array, lazy.shape, turned)
      : data;
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/** Hands out the tensors of a turned file as those of any other; they can be read as they lie there too. */
export function openTurned(file: TensorFile): TensorFile {
  const { [LAYOUT_KEY]: layout, [ORIGIN_KEY]: origin, ...metadata } = file.metadata;
  if (layout !== TURNED) return file;
  const tensors = new Map(
    [...file.tensors].map(([key, lazy]): [string, LazyTensor] => [
      key,
      lazy.stored === 'F32' ? turnedBack(lazy) : lazy,
    ]),
  );
  return { ...file, metadata, tensors, ...originOf(origin) };
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Where the tensors of a turned file were from; nothing if it does not say. */
function originOf(text: string | undefined): Pick<TensorFile, 'key' | 'others'> {
  try {
    const { key, others } = JSON.parse(text ?? '{}') as Record<string, unknown>;
    return { ...(isText(key) && { key }), ...(Array.isArray(others) && others.every(isText) && { others }) };
  } catch {
    return {};
  }
}

const valuesOf = async (lazy: LazyTensor, into?: ReadBuffer) => (await lazy.read(into)).data as Float32Array;

function turnedBack(lazy: LazyTensor): LazyTensor {
  const shape = toTorchShape(lazy.shape);
  return {
    ...lazy,
    shape,
    read: async (into) => ({ shape, dtype: 'float32', data: toTorchValues(await valuesOf(lazy, into), shape) }),
    readTurned: () => valuesOf(lazy),
  };
}
