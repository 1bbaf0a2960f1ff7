import type * as tf from '@tensorflow/tfjs-core';
import { type StateDict, type StateTensor, toTorchShape, toTorchValues } from '../checkpoint/index.js';

/** A tensor in tfjs' layout, with its state_dict key. */
export interface Keyed {
  readonly key: string;
  readonly tensor: tf.Tensor;
}

/** Bytes that are read from the backend at the same time. Each read waits for the device and takes memory there. */
const AT_ONCE = 2 ** 26;

/** Reads the values of float32 tensors as a state dict. The tensors stay the caller's. */
export async function readTensors(tensors: readonly Keyed[]): Promise<StateDict> {
  const state: StateDict = new Map();
  for (let start = 0; start < tensors.length; ) {
    const end = endOfBatch(tensors, start);
    const batch = tensors.slice(start, end);
    for (const [key, tensor] of await Promise.all(batch.map(readTensor))) state.set(key, tensor);
    start = end;
  }
  return state;
}

/** Returns the end of the tensors from `start` that are read at the same time: one at least. */
function endOfBatch(tensors: readonly Keyed[], start: number): number {
  let end = start;
  for (let bytes = 0; end < tensors.length; end++) {
    bytes += 4 * tensors[end]!.tensor.size;
    if (bytes > AT_ONCE && end > start) break;
  }
  return end;
}

async function readTensor({ key, tensor }: Keyed): Promise<[string, StateTensor]> {
  const shape = toTorchShape(tensor.shape);
  const data = toTorchValues(await tensor.data<'float32'>(), shape);
  // At rank 0 and 1 the values are the array that a backend may hold on to, and that a caller could change by mistake.
  return [key, { shape, dtype: 'float32', data: shape.length < 2 ? data.slice() : data }];
}
