import * as tf from '@tensorflow/tfjs-core';
import { type WasmMemory, wasmMemory } from '../backend/wasm-memory.js';
import { isTypedArray } from '../bytes.js';
import { numel } from '../shape.js';
import { toTfShape } from './layout.js';
import { ReusedBuffer } from './read-buffer.js';
import type { LazyTensor, StateTensor } from './tensors.js';
import { toTfValues } from './tf-values.js';

/** Values as float32, the only type that a net computes in. */
const toFloat32 = ({ data }: StateTensor): Float32Array =>
  isTypedArray(data, 'Float32Array')
    ? (data as Float32Array)
    : Float32Array.from(data as ArrayLike<number | bigint>, Number);

/** Makes the tensor of what was read, when its turn has come. */
type Finish = () => tf.Tensor;

/**
 * Reads tensors of a checkpoint into the backend, in tfjs' layout, in their order; each is the caller's. While one is
 * brought into that layout the next is read. Where the backend copies what it is given, all go through the same memory,
 * or, where the file has them in that layout, straight to their place.
 */
export async function* readTensors(
  entries: readonly (readonly [key: string, lazy: LazyTensor])[],
): AsyncGenerator<[key: string, tensor: tf.Tensor], void, void> {
  const memory = wasmMemory();
  memory?.reserve(entries.map(([, lazy]) => 4 * numel(lazy.shape)));
  const buffers = memory && ([new ReusedBuffer(), new ReusedBuffer()] as const);
  const turned = memory && new ReusedBuffer();
  const start = async (i: number): Promise<Finish> => {
    const lazy = entries[i]![1];
    const shape = toTfShape(lazy.shape);
    if (lazy.readTurned) {
      if (memory && lazy.readInto) return () => place(lazy, shape, memory);
      const values = await lazy.readTurned();
      return () => tf.tensor(values, shape, 'float32');
    }
    const state = await lazy.read(buffers?.[i % 2]);
    return () => tf.tensor(turn(state, turned), shape, 'float32');
  };
  let next: Promise<Finish> | undefined;
  for (const [i, [key]] of entries.entries()) {
    const finish = await (next ?? start(i));
    next = i + 1 < entries.length ? start(i + 1) : undefined;
    // Whoever awaits it sees the error; nobody does where the caller stops before.
    next?.catch(() => undefined);
    yield [key, finish()];
  }
}

/** Values that lie in the file as they do in the backend's memory: nothing is between the two. */
function place({ readInto }: LazyTensor, shape: number[], memory: WasmMemory): tf.Tensor {
  const { tensor, bytes } = memory.allocate(shape);
  try {
    readInto!(bytes);
    return tensor;
  } catch (error) {
    tensor.dispose();
    throw error;
  }
}

function turn(state: StateTensor, into: ReusedBuffer | undefined): Float32Array {
  const values = toTfValues(toFloat32(state), state.shape, into);
  // A backend that holds on to the array must not hold on to the caller's.
  return into || values !== state.data ? values : values.slice();
}
