import * as tf from '@tensorflow/tfjs-core';
import { copiesAtOnce, reserveMemory } from '../backend/wasm-memory.js';
import { toTfShape, toTfValues } from './layout.js';
import { ReadBuffer } from './read-buffer.js';
import type { LazyTensor, StateTensor } from './tensors.js';

/** Values as float32, the only type that a net computes in. */
const toFloat32 = ({ data }: StateTensor): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);

const sizeOf = ({ shape }: LazyTensor): number => shape.reduce((product, n) => product * n, 1);

/**
 * Reads tensors of a checkpoint into the backend, in tfjs' layout, in their order; each is the caller's. While one is
 * brought into that layout the next is read. Where the backend copies what it is given, all go through the same memory.
 */
export async function* readTensors(
  entries: readonly (readonly [key: string, lazy: LazyTensor])[],
): AsyncGenerator<[key: string, tensor: tf.Tensor], void, void> {
  const copies = copiesAtOnce();
  reserveMemory(entries.reduce((bytes, [, lazy]) => bytes + 4 * sizeOf(lazy), 0));
  const buffers = [new ReadBuffer(), new ReadBuffer()];
  const turned = new ReadBuffer();
  const start = (i: number): Promise<StateTensor> | undefined => {
    const read = entries[i]?.[1].read(copies ? buffers[i % 2] : undefined);
    // Whoever awaits it sees the error; nobody does where the caller stops before.
    read?.catch(() => undefined);
    return read;
  };
  let next = start(0);
  for (const [i, [key]] of entries.entries()) {
    const state = await next!;
    next = start(i + 1);
    const turnedValues = toTfValues(toFloat32(state), state.shape, copies ? turned : undefined);
    // A backend that holds on to the array must not hold on to the caller's.
    const values = copies || turnedValues !== state.data ? turnedValues : turnedValues.slice();
    yield [key, tf.tensor(values, toTfShape(state.shape), 'float32')];
  }
}
