import * as tf from '@tensorflow/tfjs-core';
import type { Batch, BatchOptions, Dataset } from '../../../data/dataset.js';
import { drawEpochSeed, imageRandom } from '../../../data/image-random.js';
import { batchesOf, stopReading } from '../../../data/order.js';
import type { Rows } from './rows.js';

/** What images stand for: a label each, or a row of shares. */
export interface StoredTargets {
  readonly dtype: 'int32' | 'float32';
  readonly data: Int32Array | Float32Array;
  /** Values of each image. */
  readonly width: number;
}

/** Images as a frozen part left them: view after view of all of them. */
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
      stopReading(options.signal);
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
