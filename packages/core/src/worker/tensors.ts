// Apart, and imported late: a page whose net lives in a worker needs TensorFlow.js only for tensors.
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '../backend/index.js';
import type { SentTensor } from './messages.js';

/** Makes tensors of the values that a worker has sent. The caller disposes of them. */
export async function tensorsOf<Name extends string>(
  sent: Readonly<Record<Name, SentTensor>>,
): Promise<Record<Name, tf.Tensor>> {
  await useBackend();
  return Object.fromEntries(
    Object.entries<SentTensor>(sent).map(([name, { values, shape, dtype }]) => [name, tf.tensor(values, shape, dtype)]),
  ) as Record<Name, tf.Tensor>;
}
