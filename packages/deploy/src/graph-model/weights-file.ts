import { CnnzooError } from '@cnnzoo/core';
import { beyondFloat16, LARGEST_FLOAT16, toFloat16 } from '@cnnzoo/core/internal';
import type { Constant } from './topology.js';

/** Type that the weights are stored in. They are float32 again once they are loaded. */
export type GraphModelDtype = 'float32' | 'float16' | 'uint8';

/** How TensorFlow.js makes float32 of stored values: value * scale + min of uint8. */
type Quantization =
  | { readonly dtype: 'float16' }
  | { readonly dtype: 'uint8'; readonly scale: number; readonly min: number };

/** Entry of a weight in model.json. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly quantization?: Quantization;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** Stores values as 256 steps from the least to the greatest, each value as the nearest step. */
function toUint8(values: Float32Array): { readonly bytes: Uint8Array; readonly quantization: Quantization } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  // Equal values have no steps.
  const scale = max > min ? (max - min) / 255 : 1;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round((values[i]! - min) / scale);
  return {
    bytes,
    quantization: { dtype: 'uint8', scale, min },
  };
}

/** Values of a weight from which on it is read in blocks, and of a block. */
const [LARGE, BLOCK] = [1 << 20, 1 << 18];

/** Reads a constant in blocks of its first axis if it is large, and otherwise whole. */
async function* blocksOf(constant: Constant): AsyncGenerator<Float32Array | Int32Array> {
  const { shape } = constant;
  const row = shape.slice(1).reduce((product, extent) => product * extent, 1);
  if (constant.dtype !== 'float32' || !constant.readBlock || row * (shape[0] ?? 1) <= LARGE)
    return yield constant.read();
  const rows = Math.max(1, Math.floor(BLOCK / row));
  for (let first = 0; first < shape[0]!; first += rows)
    yield constant.readBlock(
      [first, ...shape.slice(1).map(() => 0)],
      [Math.min(rows, shape[0]! - first), ...shape.slice(1)],
    );
}

/** A constant as it is stored: its entry in model.json, and its bytes, which are made when they are read. */
interface Stored {
  readonly entry: WeightEntry;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** Stores a constant in a type. Constants that are no weights keep theirs; biases are float16 instead of uint8. */
export async function storeConstant(constant: Constant, stored: GraphModelDtype): Promise<Stored> {
  const { name, shape, dtype } = constant;
  const entry: WeightEntry = { name, shape, dtype };
  if (!constant.isWeight || constant.dtype !== 'float32' || stored === 'float32')
    return {
      entry,
      async *bytes() {
        for await (const block of blocksOf(constant)) yield bytesOf(block);
      },
    };
  // 256 steps are too few for what is added to every pixel.
  if (stored === 'float16' || shape.length < 2)
    return {
      entry: { ...entry, quantization: { dtype: 'float16' } },
      async *bytes() {
        for await (const block of blocksOf(constant)) {
          const values = block as Float32Array;
          refuse(name, beyondFloat16(values), stored);
          yield bytesOf(toFloat16(values));
        }
      },
    };
  const values = await constant.read();
  refuse(
    name,
    values.find((value) => !(Math.abs(value) <= LARGEST_FLOAT16)),
    stored,
  );
  const { bytes, quantization } = toUint8(values);
  return {
    entry: { ...entry, quantization },
    async *bytes() {
      yield bytes;
    },
  };
}

/** Throws for a value that a type can't hold. */
function refuse(name: string, bad: number | undefined, stored: GraphModelDtype): void {
  if (bad !== undefined)
    throw new CnnzooError(
      'INPUT',
      `exportGraphModel: the weight '${name}' has the value ${bad}, which ${stored} can't hold: the largest is ` +
        `${LARGEST_FLOAT16}. Export with dtype 'float32'.`,
    );
}

/** Bytes of a file of weights: browsers keep files up to 4 MiB in their caches. */
export const SHARD = 4 * 2 ** 20;

/**
 * Cuts a stream of bytes into files of SHARD bytes, the last of which may be shorter. The memory of a file is that of the next one: new
 * memory for each would pile up until it is collected, to the size of the whole net.
 */
export async function* shardsOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const shard = new Uint8Array(SHARD);
  let filled = 0;
  for await (const part of parts)
    for (let start = 0; start < part.length; ) {
      const count = Math.min(SHARD - filled, part.length - start);
      shard.set(part.subarray(start, start + count), filled);
      [filled, start] = [filled + count, start + count];
      if (filled < SHARD) continue;
      yield shard;
      filled = 0;
    }
  if (filled > 0) yield shard.subarray(0, filled);
}
