import * as tf from '@tensorflow/tfjs-core';
import { type StateDict, type StateTensor, toTorchShape, toTorchValues } from '../checkpoint/index.js';

/** Bytes that are read from the backend at the same time. Each read waits for the device and takes memory there. */
const AT_ONCE = 2 ** 26;

/** A tensor in tfjs' layout, with its state_dict key. */
export interface Keyed {
  readonly key: string;
  readonly tensor: tf.Tensor;
}

/**
 * Copies of float32 tensors as they are now, which cost no memory until the originals change. Owns them until `dispose`.
 */
export class Snapshot {
  readonly tensors: readonly Keyed[];

  constructor(tensors: readonly Keyed[]) {
    // Kept, because a caller's tidy may end before the values are read.
    this.tensors = tensors.map(({ key, tensor }) => ({ key, tensor: tf.keep(tf.clone(tensor)) }));
  }

  /** Reads the values as a state dict, then disposes of the copies. */
  async read(): Promise<StateDict> {
    try {
      const state: StateDict = new Map();
      for (let start = 0; start < this.tensors.length; ) {
        const end = this.endOfBatch(start);
        const batch = this.tensors.slice(start, end);
        for (const [key, tensor] of await Promise.all(batch.map(readTensor))) state.set(key, tensor);
        start = end;
      }
      return state;
    } finally {
      this.dispose();
    }
  }

  /** Frees the copies. A second call does nothing. */
  dispose(): void {
    tf.dispose(this.tensors.map(({ tensor }) => tensor));
  }

  /** Returns the end of the tensors from `start` that are read at the same time: one at least. */
  private endOfBatch(start: number): number {
    let end = start;
    for (let bytes = 0; end < this.tensors.length; end++) {
      bytes += 4 * this.tensors[end]!.tensor.size;
      if (bytes > AT_ONCE && end > start) break;
    }
    return end;
  }
}

async function readTensor({ key, tensor }: Keyed): Promise<[string, StateTensor]> {
  const shape = toTorchShape(tensor.shape);
  const data = toTorchValues(await tensor.data<'float32'>(), shape);
  // At rank 0 and 1 the values are the array that a backend may hold on to, and that a caller could change by mistake.
  return [key, { shape, dtype: 'float32', data: shape.length < 2 ? data.slice() : data }];
}
