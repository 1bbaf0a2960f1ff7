import * as tf from '@tensorflow/tfjs-core';

/** A tensor with the name that messages give it. */
export interface Named {
  readonly key: string;
  readonly tensor: tf.Tensor;
}

/** The sum over all floats: NaN or infinite if one of them is, or if finite ones are too large for a sum. */
function sumOf(named: readonly Named[]): tf.Tensor {
  const floats = named.filter(({ tensor }) => tensor.dtype === 'float32');
  return tf.tidy(() => tf.addN([tf.scalar(0), ...floats.map(({ tensor }) => tf.sum(tensor))]));
}

const areFinite = (values: tf.TypedArray): boolean => values.every((value) => Number.isFinite(value));

/** The key of the first tensor that holds NaN or an infinite value; undefined if all values are finite. */
export async function findNotFinite(named: readonly Named[]): Promise<string | undefined> {
  const sum = sumOf(named);
  try {
    if (areFinite(await sum.data())) return undefined;
  } finally {
    sum.dispose();
  }
  for (const { key, tensor } of named) if (!areFinite(await tensor.data())) return key;
  return undefined;
}

/** `findNotFinite`, at once. */
export function findNotFiniteSync(named: readonly Named[]): string | undefined {
  const sum = sumOf(named);
  try {
    if (areFinite(sum.dataSync())) return undefined;
  } finally {
    sum.dispose();
  }
  return named.find(({ tensor }) => !areFinite(tensor.dataSync()))?.key;
}
