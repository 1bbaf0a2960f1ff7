import { CnnzooError, numel } from '../util/index.js';
import type { LazyTensor, StateTensor, TensorFile } from './tensors.js';

/*
 * Weights of 8 bits in a safetensors file: int8 values under the key of the weight, and one float32 scale per output
 * channel under the same key with '_scale' at its end (docs/decisions/0043-int8-files.md). In PyTorch's layout output
 * channels are the first axis, of kernels and of matrices.
 */

/** End of the key of a weight's scales. */
const SCALE = '_scale';
/** Key of safetensors' metadata that says how the int8 tensors of the file are meant. */
export const QUANTIZATION_KEY = 'cnnzoo.quantization';
const FORMAT = 1;
/** Text under that key. `format` alone decides how the file is read; the rest tells other readers. */
export const QUANTIZATION = JSON.stringify({
  format: FORMAT,
  dtype: 'int8',
  granularity: 'output channel (axis 0)',
  scale: `KEY${SCALE}`,
  weight: `float32(KEY) * KEY${SCALE}`,
});

/** Largest value in int8; -128 has no counterpart, and is not written. */
const LEVELS = 127;
/** Smallest scale, of channels whose values are all 0 too: the smallest float32 that a GPU does not take for 0. */
const SMALLEST_SCALE = 2 ** -126;
/** Largest magnitude of a weight: no product of a scale and an int8 is infinite. */
const LARGEST = 2 ** 127;

/** Returns the key of a weight's scales. */
export const scaleKey = (key: string): string => `${key}${SCALE}`;

/** Returns the shape of a weight's scales, [out, 1, …]: their product with the weight broadcasts in NumPy and PyTorch. */
export const scaleShape = (shape: readonly number[]): number[] => shape.map((size, axis) => (axis === 0 ? size : 1));

/** Returns true for the tensors that int8 is for: kernels and matrices of floats. */
export const isQuantizable = ({ shape, dtype }: StateTensor): boolean =>
  shape.length >= 2 && (dtype === 'float32' || dtype === 'float64');

/**
 * Returns the scale of each output channel: its largest magnitude / 127.
 * @throws CnnzooError INPUT for a value that is not finite, or beyond 2^127.
 */
export function scalesOf(key: string, { shape, data }: StateTensor): Float32Array {
  const values = data as Float32Array | Float64Array;
  const row = numel(shape.slice(1));
  return Float32Array.from({ length: shape[0]! }, (_, channel) => {
    let largest = 0;
    for (let i = channel * row; i < (channel + 1) * row; i++) {
      const magnitude = Math.abs(values[i]!);
      if (!(magnitude <= LARGEST))
        throw new CnnzooError(
          'INPUT',
          `The weight '${key}' has the value ${values[i]}, which int8 can't hold: expected finite values of at most ` +
            `2^127. Save with dtype 'float32'.`,
        );
      if (magnitude > largest) largest = magnitude;
    }
    return Math.max(largest / LEVELS, SMALLEST_SCALE);
  });
}

/** Divides each output channel by its scale, and rounds to the nearest integer, ties to even. */
export function toInt8({ data }: StateTensor, scales: Float32Array): Int8Array {
  const values = data as Float32Array | Float64Array;
  const out = new Int8Array(values.length);
  const row = values.length / scales.length;
  for (const [channel, scale] of scales.entries())
    for (let i = channel * row; i < (channel + 1) * row; i++) {
      const quotient = values[i]! / scale;
      const rounded = Math.round(quotient);
      const level = rounded - quotient === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
      out[i] = Math.max(-LEVELS, Math.min(LEVELS, level));
    }
  return out;
}

/** Multiplies each output channel by its scale. */
function toFloats(values: Int8Array, scales: Float32Array): Float32Array {
  const out = new Float32Array(values.length);
  const row = values.length / scales.length;
  for (const [channel, scale] of scales.entries())
    for (let i = channel * row; i < (channel + 1) * row; i++) out[i] = values[i]! * scale;
  return out;
}

/**
 * Gives the int8 weights of a file as the float32 values that they stand for, and leaves out their scales. Files that do not say
 * that they hold such weights are returned unchanged.
 * @throws CnnzooError FORMAT for a later version of the scheme, and for an int8 tensor without scales of its shape; reading
 * a tensor, FORMAT for a scale that is not finite and positive.
 */
export function dequantized(file: TensorFile, name: string): TensorFile {
  const { [QUANTIZATION_KEY]: text, ...metadata } = file.metadata;
  if (text === undefined) return file;
  if (formatOf(text) !== FORMAT)
    throw new CnnzooError(
      'FORMAT',
      `'${name}' has weights of 8 bits as another version of cnnzoo writes them: expected format ${FORMAT} in its ` +
        `metadata '${QUANTIZATION_KEY}', received ${text.slice(0, 100)}. Update @cnnzoo/core.`,
    );
  const tensors = new Map(file.tensors);
  for (const [key, lazy] of file.tensors) {
    if (lazy.stored !== 'I8') continue;
    const scale = scaleOf(file, key, lazy, name);
    tensors.delete(scaleKey(key));
    tensors.set(key, floatsOf(key, lazy, scale, name));
  }
  return { ...file, metadata, tensors };
}

function formatOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format;
  } catch {
    return undefined;
  }
}

/** Returns the scales of an int8 tensor. */
function scaleOf({ tensors }: TensorFile, key: string, { shape }: LazyTensor, name: string): LazyTensor {
  const scale = tensors.get(scaleKey(key));
  const expected = scaleShape(shape);
  if (shape.length >= 2 && scale?.stored === 'F32' && scale.shape.join() === expected.join()) return scale;
  throw new CnnzooError(
    'FORMAT',
    `'${name}' holds '${key}' as int8 [${shape}]: expected its scales '${scaleKey(key)}' as F32 [${expected}], received ` +
      `${scale ? `${scale.stored} [${scale.shape}]` : 'none'}. Save the net again, or fetch the file again.`,
  );
}

function floatsOf(key: string, { shape, stored, read }: LazyTensor, scale: LazyTensor, name: string): LazyTensor {
  return {
    shape,
    dtype: 'float32',
    stored,
    read: async (into) => {
      const scales = (await scale.read()).data as Float32Array;
      const wrong = scales.find((value) => !(value > 0 && Number.isFinite(Math.fround(128 * value))));
      if (wrong !== undefined)
        throw new CnnzooError(
          'FORMAT',
          `'${name}' has ${wrong} among the scales of '${key}': expected positive numbers that stay finite times 128. ` +
            'Save the net again, or fetch the file again.',
        );
      return { shape, dtype: 'float32', data: toFloats((await read(into)).data as Int8Array, scales) };
    },
  };
}
