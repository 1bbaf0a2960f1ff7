import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, vi } from 'vitest';

/** Members of tfjs' engine through which tensors are read. */
interface Reads {
  readSync(dataId: object): tf.TypedArray;
  read(dataId: object): Promise<tf.TypedArray>;
  readonly state: { readonly tensorInfo: { has(dataId: object): boolean } };
}

/**
 * Makes reads of tensors those of a GPU in each test of a file: a synchronous read throws; an asynchronous one takes the
 * values at the call, ends in a later turn of the event loop and fails if the tensor was disposed of meanwhile. A second
 * read of the same data gets the same array, as from tfjs' webgpu backend.
 */
export function readsLikeGpu(): void {
  beforeEach(() => {
    const engine = tf.engine() as unknown as Reads;
    const values = new WeakMap<object, tf.TypedArray>();
    const readSync = engine.readSync.bind(engine);
    vi.spyOn(engine, 'readSync').mockImplementation(() => {
      throw new Error('A tensor was read synchronously.');
    });
    vi.spyOn(engine, 'read').mockImplementation(async (dataId) => {
      const known = values.get(dataId);
      if (known) return known;
      const read = readSync(dataId).slice();
      await new Promise((resolve) => setTimeout(resolve));
      if (!engine.state.tensorInfo.has(dataId)) throw new TypeError('A tensor was disposed of while it was read.');
      values.set(dataId, read);
      return read;
    });
  });
  afterEach(() => void vi.restoreAllMocks());
}
