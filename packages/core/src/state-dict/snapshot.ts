import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '../checkpoint/index.js';
import type { Keyed } from './read-tensors.js';

export type { Keyed };

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
      // The reading stays out of what a page loads to build a net.
      return await (await import('./read-tensors.js')).readTensors(this.tensors);
    } finally {
      this.dispose();
    }
  }

  /** Frees the copies. A second call does nothing. */
  dispose(): void {
    tf.dispose(this.tensors.map(({ tensor }) => tensor));
  }
}
