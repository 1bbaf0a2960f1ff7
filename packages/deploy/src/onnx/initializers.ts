import { CnnzooError } from '@cnnzoo/core';
import { beyondFloat16, LARGEST_FLOAT16, toFloat16 } from '@cnnzoo/core/internal';
import { type GraphWeight, quantizeBias, quantizeWeight } from '../graph/index.js';
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

const countOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Makes an initializer of a weight whose values are written in parts. */
function initializer(
  weight: GraphWeight,
  name: string,
  type: WeightType,
  shape: readonly number[],
  parts: () => AsyncIterable<Float32Array>,
): Initializer {
  return {
    name,
    type,
    shape,
    size: countOf(shape) * (type === DataType.FLOAT ? 4 : 2),
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

/** [rows, columns, channels, filters] -> [filters, channels, rows, columns], and [features, units] -> [units, features]. */
function filtersFirstShape({ shape }: GraphWeight): number[] {
  return [shape.at(-1)!, shape.at(-2)!, ...shape.slice(0, -2)];
}

/** Reads a weight whose last axis, the filters, comes first, some filters at a time. */
async function* filterRows(weight: GraphWeight): AsyncGenerator<Float32Array> {
  const [filters, channels, ...window] = filtersFirstShape(weight) as [number, number, ...number[]];
  const area = countOf(window);
  const row = channels * area;
  const { readBlock } = weight;
  const isLarge = readBlock && row * filters > LARGE;
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
}

/** A weight whose last axis, the filters, comes first. */
export const filtersFirst = (weight: GraphWeight, name: string, type: WeightType): Initializer =>
  initializer(weight, name, type, filtersFirstShape(weight), () => filterRows(weight));

/**
 * Zero point of weights in the file, which are uint8 there: onnxruntime adds products of uint8 and int8 in pairs of 16 bits on x86 processors
 * without VNNI, and cuts sums beyond (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). Products of uint8 and
 * uint8 are added in 32 bits on every processor.
 */
export const INTEGER_ZERO = 128;

/** The integers of a weight whose last axis, the filters, comes first, with a scale for each filter. */
export function integerFilters(weight: GraphWeight, name: string, scales: Float32Array): Initializer {
  const shape = filtersFirstShape(weight);
  const row = countOf(shape.slice(1));
  return {
    name,
    type: DataType.UINT8,
    shape,
    size: countOf(shape),
    async *bytes() {
      let filter = 0;
      for await (const part of filterRows(weight)) {
        const bytes = new Uint8Array(part.length);
        for (let start = 0; start < part.length; start += row, filter++) {
          const integers = quantizeWeight(part.subarray(start, start + row), scales.subarray(filter, filter + 1));
          for (let i = 0; i < row; i++) bytes[start + i] = integers[i]! + INTEGER_ZERO;
        }
        yield bytes;
      }
    },
  };
}

/** The integers of a bias, in the units of the sums that it is added to. */
export const integerBias = (bias: GraphWeight, name: string, sums: Float32Array): Initializer => ({
  name,
  type: DataType.INT32,
  shape: bias.shape,
  size: 4 * sums.length,
  async *bytes() {
    yield new Uint8Array(quantizeBias(bias.name, await bias.read(), sums).buffer);
  },
});
