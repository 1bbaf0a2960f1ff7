import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';

/** Values of a tensor, independent of a backend. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** Runs a kernel on a backend and reads its results. */
export async function runKernel(
  backend: 'cpu' | 'wasm',
  name: string,
  inputs: Readonly<Record<string, Values | undefined>>,
  attrs: object,
): Promise<Values[]> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend);
  return tf.tidy(() => {
    const tensors = Object.entries(inputs).flatMap(([key, input]) =>
      input
        ? [[key, tf.tensor(input.values, [...input.shape], input.values instanceof Int32Array ? 'int32' : 'float32')]]
        : [],
    );
    const results: tf.Tensor | tf.Tensor[] = tf
      .engine()
      .runKernel(name, Object.fromEntries(tensors) as tf.NamedTensorMap, attrs as unknown as tf.NamedAttrMap);
    return [results].flat().map((result) => ({
      shape: result.shape,
      values: result.dataSync() as Float32Array,
    }));
  });
}

/** Returns max|difference| / max|value| relative to the expected values; Infinity if only one of two values is NaN. */
export function errorOf(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    const apart = Math.abs(actual[i]! - expected[i]!);
    if (Number.isNaN(apart)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, apart);
  }
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]!));
  return difference === 0 ? 0 : difference / largest;
}
