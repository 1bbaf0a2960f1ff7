import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import type { Batch, BatchOptions, Dataset } from './dataset.js';

export interface PixelsOptions {
  /** 8 bits a channel, [n, height, width, channels]. */
  readonly pixels: Uint8Array;
  readonly shape: readonly [height: number, width: number, channels: number];
  /** The index of each image's class. */
  readonly labels: Uint8Array;
  readonly categories: readonly string[];
  /** Per channel, on the scale 0..1: x = (pixel / 255 - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Small images that are held in memory as bytes, and normalised batch by batch. */
export class PixelsDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];

  constructor(private readonly options: PixelsOptions) {
    const { pixels, shape, labels, categories } = options;
    this.size = labels.length;
    this.categories = categories;
    const expected = labels.length * shape[0] * shape[1] * shape[2];
    if (pixels.length !== expected)
      throw new CnnzooError(
        'INPUT',
        `expected ${expected} bytes for ${labels.length} images of [${shape}], received ${pixels.length}.`,
      );
    const stray = labels.find((label) => label >= categories.length);
    if (stray !== undefined)
      throw new CnnzooError('INPUT', `expected labels 0 to ${categories.length - 1}, received ${stray}.`);
  }

  /** The first `count` images as a data set. */
  first(count: number): PixelsDataset {
    const { pixels, labels, shape } = this.options;
    const each = shape[0] * shape[1] * shape[2];
    return new PixelsDataset({
      ...this.options,
      pixels: pixels.subarray(0, count * each),
      labels: labels.subarray(0, count),
    });
  }

  *batches({ batchSize, shuffle, augment }: BatchOptions): Generator<Batch> {
    const { pixels, labels, shape, mean, std } = this.options;
    const each = shape[0] * shape[1] * shape[2];
    const order = Uint32Array.from({ length: this.size }, (_, i) => i);
    shuffle?.shuffle(order);
    const channels = shape[2];
    // One table per channel: a byte's normalised value.
    const tables = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / std[c]!));
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.subarray(start, start + batchSize);
      const x = new Float32Array(indices.length * each);
      const y = new Int32Array(indices.length);
      for (const [row, index] of indices.entries()) {
        const stored = pixels.subarray(index * each, (index + 1) * each);
        const image = augment ? augment.transform(stored, shape, augment.random) : stored;
        for (let i = 0; i < each; i++) x[row * each + i] = tables[i % channels]![image[i]!]!;
        y[row] = labels[index]!;
      }
      yield { x: tf.tensor4d(x, [indices.length, ...shape]), y: tf.tensor1d(y, 'int32') };
    }
  }
}
