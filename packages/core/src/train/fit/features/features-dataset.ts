import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  type BatchOptions,
  batchesOf,
  type Dataset,
  drawEpochSeed,
  imageRandom,
  throwIfReadingStopped,
} from '../../../data/late.js';
import type { ByteSource } from '../../../util/late.js';

/** Rows of float32 values, all of one length. */
export interface Rows {
  /** Resolves to the rows, one after the other. */
  read(indices: readonly number[]): Promise<Float32Array>;
}

/** Returns rows of `length` values in memory. */
export function rowsInMemory(values: Float32Array, length: number): Rows {
  return {
    read: async (indices) => {
      const out = new Float32Array(indices.length * length);
      for (const [i, index] of indices.entries())
        out.set(values.subarray(index * length, (index + 1) * length), i * length);
      return out;
    },
  };
}

/** Returns rows of a file from byte `start` on. The file is opened for each batch, so that none stays open. */
export function rowsInFile(open: () => Promise<ByteSource>, start: number, length: number): Rows {
  return {
    read: async (indices) => {
      const out = new Uint8Array(indices.length * length * 4);
      const file = await open();
      try {
        for (const [i, index] of indices.entries())
          out.set(await file.read(start + index * length * 4, length * 4), i * length * 4);
      } finally {
        await file.close();
      }
      return new Float32Array(out.buffer);
    },
  };
}

/** Targets of images: a label each, or a row of soft targets. */
export interface StoredTargets {
  readonly dtype: 'int32' | 'float32';
  readonly data: Int32Array | Float32Array;
  /** Number of values of each image. */
  readonly width: number;
}

/** A data set of features: the first view of all images, then the second view, and so on. */
export class FeaturesDataset implements Dataset {
  readonly size: number;

  constructor(
    readonly categories: readonly string[],
    private readonly rows: Rows,
    private readonly shape: readonly number[],
    private readonly targets: StoredTargets,
    private readonly views: number,
  ) {
    this.size = targets.data.length / targets.width;
  }

  async *batches(options: BatchOptions): AsyncGenerator<Batch, void, void> {
    const batches = batchesOf(this.size, options);
    const { shuffle } = options;
    const seed = shuffle && this.views > 1 ? drawEpochSeed(shuffle) : undefined;
    const viewOf = (index: number): number => (seed === undefined ? 0 : imageRandom(seed, index).integer(this.views));
    for (const indices of batches) {
      throwIfReadingStopped(options.signal);
      const values = await this.rows.read(Array.from(indices, (index) => viewOf(index) * this.size + index));
      yield {
        x: tf.tensor<tf.Rank>(values, [indices.length, ...this.shape] as number[]) as tf.Tensor4D,
        y: this.targetsOf(indices),
      };
    }
  }

  private targetsOf(indices: Uint32Array): Batch['y'] {
    const { dtype, data, width } = this.targets;
    const values =
      dtype === 'int32' ? new Int32Array(indices.length * width) : new Float32Array(indices.length * width);
    for (const [row, index] of indices.entries())
      values.set(data.subarray(index * width, (index + 1) * width), row * width);
    return dtype === 'int32' ? tf.tensor1d(values, 'int32') : tf.tensor2d(values, [indices.length, width]);
  }
}
