import { CnnzooError } from '@cnnzoo/core';
import { beyondFloat16, LARGEST_FLOAT16, toFloat16 } from '@cnnzoo/core/internal';
import type { GraphWeight } from '../graph/index.js';
import { TensorProto_DataType as DataType } from './onnx-schema.js';
import type { Initializer } from './onnx-writer.js';

export type WeightType = DataType.FLOAT | DataType.FLOAT16;

/** Values that are converted at once. */
const CHUNK = 1 << 18;

/** Values of a weight from which on it is read in blocks, and values of a block. */
const LARGE = 1 << 20;

/** Returns the bytes of values of a weight in a type. */
function encode({ name }: GraphWeight, values: Float32Array, type: WeightType): Uint8Array {
  if (type === DataType.FLOAT) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const beyond = beyondFloat16(values);
  if (beyond !== undefined)
    throw new CnnzooError(
      'INPUT',
      `The weight '${name}' has the value ${beyond}, which float16 can't hold: the largest is ${LARGEST_FLOAT16}. ` +
        "Export with dtype 'float32'.",
    );
  return new Uint8Array(toFloat16(values).buffer);
}

/** Makes an initializer of a weight whose values are written in parts. */
function initializer(
  weight: GraphWeight,
  name: string,
  type: WeightType,
  shape: readonly number[],
  parts: () => AsyncIterable<Float32Array>,
): Initializer {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return {
    name,
    type,
    shape,
    size: count * (type === DataType.FLOAT ? 4 : 2),
    async *bytes() {
      for await (const part of parts()) yield encode(weight, part, type);
    },
  };
}

/** A weight in its own order, in another shape. */
export const plain = (weight: GraphWeight, name: string, type: WeightType, shape = weight.shape): Initializer =>
  initializer(weight, name, type, shape, async function* () {
    const values = await weight.read();
    for (let start = 0; start < values.length; start += CHUNK) yield values.subarray(start, start + CHUNK);
  });

/**
 * A weight whose last axis, the filters, comes first: [rows, columns, channels, filters] -> [filters, channels, rows, columns], and
 * [features, units] -> [units, features].
 */
export function filtersFirst(weight: GraphWeight, name: string, type: WeightType): Initializer {
  const filters = weight.shape.at(-1)!;
  const channels = weight.shape.at(-2)!;
  const window = weight.shape.slice(0, -2);
  const area = window.reduce((product, extent) => product * extent, 1);
  const row = channels * area;
  const { readBlock } = weight;
  const isLarge = readBlock && row * filters > LARGE;
  return initializer(weight, name, type, [filters, channels, ...window], async function* () {
    const whole = isLarge ? undefined : await weight.read();
    const rows = Math.max(1, Math.floor((isLarge ? LARGE : CHUNK) / row));
    for (let first = 0; first < filters; first += rows) {
      const count = Math.min(rows, filters - first);
      const values = whole ?? (await readBlock!([...window.map(() => 0), 0, first], [...window, channels, count]));
      const [stride, start] = whole ? [filters, first] : [count, 0];
      const part = new Float32Array(count * row);
      for (let position = 0; position < area; position++)
        for (let channel = 0; channel < channels; channel++) {
          const from = (position * channels + channel) * stride + start;
          const to = channel * area + position;
          for (let i = 0; i < count; i++) part[i * row + to] = values[from + i]!;
        }
      yield part;
    }
  });
}
