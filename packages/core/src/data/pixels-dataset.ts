import * as tf from '@tensorflow/tfjs-core';
import { isTypedArray } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import type { PixelImage } from './augment/augment.js';
import type { Batch, BatchOptions, Dataset, ImageShape, Pixels } from './dataset.js';
import { hashBytes } from './hash.js';
import { drawEpochSeed, imageRandom } from './image-random.js';
import { batchesOf, throwIfAborted } from './order.js';

export interface PixelsOptions {
  /** [n, height, width, channels]: bytes, which stand for 0..1 once divided by 255, or floats. */
  readonly pixels: Pixels;
  readonly shape: ImageShape;
  /** The index of each image's class. */
  readonly labels: Uint8Array | Int32Array;
  readonly categories: readonly string[];
  /** false where `categories` only counts the labels. Default: true. */
  readonly named?: boolean;
  /** Per channel: x = (pixel - mean) / std, with bytes on the scale 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const check = (ok: boolean, message: string): void => {
  if (!ok) throw new CnnzooError('INPUT', message);
};

/** Small images that are held in memory, and normalised batch by batch: no tensor lives between batches. */
export class PixelsDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];
  readonly named: boolean;
  readonly shape: ImageShape;

  constructor(private readonly options: PixelsOptions) {
    const { pixels, shape, labels, categories, mean, std } = options;
    this.size = labels.length;
    this.categories = categories;
    this.named = options.named ?? true;
    this.shape = shape;
    const expected = labels.length * shape[0] * shape[1] * shape[2];
    check(
      pixels.length === expected,
      `expected ${expected} values for ${labels.length} images of [${shape}], received ${pixels.length}.`,
    );
    check(
      mean.length === shape[2] && std.length === shape[2] && std.every((value) => value > 0),
      `expected a mean and a positive std for each of ${shape[2]} channels, received [${mean}] and [${std}].`,
    );
    const stray = labels.find((label) => label < 0 || label >= categories.length);
    check(stray === undefined, `expected labels 0 to ${categories.length - 1}, received ${stray}.`);
  }

  /** The first `count` images as a data set. */
  first(count: number): PixelsDataset {
    const { pixels, labels, shape } = this.options;
    check(
      Number.isInteger(count) && count >= 0 && count <= this.size,
      `first: expected a count of 0 to ${this.size}, received ${count}.`,
    );
    return new PixelsDataset({
      ...this.options,
      pixels: pixels.subarray(0, count * shape[0] * shape[1] * shape[2]),
      labels: labels.subarray(0, count),
    });
  }

  async fingerprint(): Promise<string> {
    const { pixels, shape, mean, std, labels } = this.options;
    const [images, classes] = await Promise.all([pixels, labels].map(hashBytes));
    return JSON.stringify({ images, classes, shape, mean, std });
  }

  *batches(options: BatchOptions): Generator<Batch<tf.Tensor1D>> {
    const { labels } = this.options;
    const normalize = this.normalizer();
    const batches = batchesOf(this.size, options);
    const augment = this.augmenter(options.augment);
    for (const indices of batches) {
      throwIfAborted(options.signal);
      const images = Array.from(indices, (index) => augment(this.image(index), index));
      const shape = this.shapeOf(images);
      const length = shape[0] * shape[1] * shape[2];
      const x = new Float32Array(images.length * length);
      for (const [row, { data }] of images.entries()) normalize(data, x, row * length);
      const y = Int32Array.from(indices, (index) => labels[index]!);
      yield { x: tf.tensor4d(x, [images.length, ...shape]), y: tf.tensor1d(y, 'int32') };
    }
  }

  private image(index: number): PixelImage {
    const [height, width, channels] = this.shape;
    const length = height * width * channels;
    return { data: this.options.pixels.subarray(index * length, (index + 1) * length), width, height, channels };
  }

  /** An image, by its index, as an augmentation changes it. */
  private augmenter(augment: BatchOptions['augment']): (image: PixelImage, index: number) => PixelImage {
    if (!augment) return (image) => image;
    const seed = drawEpochSeed(augment.random);
    return (image, index) => augment.transform(image, imageRandom(seed, index));
  }

  /** That of the images of a batch, which an augmentation may have made larger or smaller, but all the same. */
  private shapeOf(images: readonly PixelImage[]): ImageShape {
    const channels = this.shape[2];
    const [{ width, height }] = images as [PixelImage, ...PixelImage[]];
    const stray = images.find(
      (image) =>
        image.width !== width ||
        image.height !== height ||
        image.channels !== channels ||
        image.data.length !== height * width * channels,
    );
    if (stray)
      throw new CnnzooError(
        'SHAPE',
        `batches: expected the augmentation to make images of one size and of ${channels} channels, in this batch ` +
          `[${height},${width},${channels}]; received [${stray.height},${stray.width},${stray.channels}] of ` +
          `${stray.data.length} values.`,
      );
    return [height, width, channels];
  }

  private normalizer(): (image: Pixels, out: Float32Array, at: number) => void {
    const { pixels, shape, mean, std } = this.options;
    const channels = shape[2];
    if (isTypedArray(pixels, 'Float32Array'))
      return (image, out, at) => {
        for (let i = 0; i < image.length; i++) out[at + i] = (image[i]! - mean[i % channels]!) / std[i % channels]!;
      };
    // One table per channel: a byte's normalised value.
    const tables = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / std[c]!));
    return (image, out, at) => {
      for (let i = 0; i < image.length; i++) out[at + i] = tables[i % channels]![image[i]!]!;
    };
  }
}
