import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkPreprocessing, type DecodedImage, normalised, type Preprocessing, prepare } from '../images/index.js';
import { CnnzooError, checkCategories, checkOptions, isBytes, isTypedArray } from '../util/index.js';
import type { PixelImage, Pixels } from './augment/index.js';
import {
  type Batch,
  type BatchOptions,
  batchesOf,
  type Dataset,
  drawEpochSeed,
  hashBytes,
  type ImageShape,
  imageRandom,
  stopReading,
} from './dataset.js';
import { withChannels } from './pipeline/job.js';

export interface PixelsOptions {
  /** Pixels, `[n, height, width, channels]`: bytes, which stand for 0..1 once divided by 255, or floats. */
  readonly pixels: Pixels;
  readonly shape: ImageShape;
  /** The index of each image's class. */
  readonly labels: Uint8Array | Int32Array;
  readonly categories: readonly string[];
  /** false where `categories` only counts the labels. Default: true. */
  readonly named?: boolean;
  /**
   * Per channel: x = (pixel - mean) / std, with bytes on the scale 0..1. For nets without a preprocessing of their own: a
   * `Classifier`'s takes its place.
   */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** true if the pixels are what the net takes already, so that no preprocessing touches them. Default: false. */
  readonly normalized?: boolean;
}

const check = (ok: boolean, message: string): void => {
  if (!ok) throw new CnnzooError('INPUT', message);
};

/** Writes an image to a batch's values, from `at` on. */
type Write = (image: PixelImage, out: Float32Array, at: number) => void;

/** Images on their way to a net: of which shape, and how the values of its batch are made of them. */
interface Way {
  readonly image: (index: number) => PixelImage;
  readonly shapeOf: (images: readonly PixelImage[]) => ImageShape;
  readonly write: Write;
}

/**
 * Small images that are held in memory, and made into what the net takes batch by batch: no tensor lives between batches.
 * With a preprocessing they become, to the bit, what `classify` makes of the same images.
 */
export class PixelsDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];
  readonly named: boolean;
  readonly shape: ImageShape;
  /** Floats as bytes, once they have been asked for. */
  private rounded: Uint8Array | undefined;

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
    const { pixels, shape, mean, std, labels, normalized = false } = this.options;
    const [images, classes] = await Promise.all([pixels, labels].map(hashBytes));
    return JSON.stringify({ images, classes, shape, mean, std, normalized });
  }

  *batches(options: BatchOptions): Generator<Batch<tf.Tensor1D>> {
    const { labels } = this.options;
    const { preprocessing } = options;
    const { image, shapeOf, write } =
      preprocessing && !this.options.normalized
        ? this.prepared(preprocessing, options.augment !== undefined)
        : this.normalized();
    const batches = batchesOf(this.size, options);
    const augment = this.augmenter(options.augment);
    for (const indices of batches) {
      stopReading(options.signal);
      const images = Array.from(indices, (index) => augment(image(index), index));
      const shape = shapeOf(images);
      const length = shape[0] * shape[1] * shape[2];
      const x = new Float32Array(images.length * length);
      for (const [row, image] of images.entries()) write(image, x, row * length);
      const y = Int32Array.from(indices, (index) => labels[index]!);
      yield { x: tf.tensor4d(x, [images.length, ...shape]), y: tf.tensor1d(y, 'int32') };
    }
  }

  private image<Data extends Pixels>(pixels: Data, index: number): PixelImage<Data> {
    const [height, width, channels] = this.shape;
    const length = height * width * channels;
    return { data: pixels.subarray(index * length, (index + 1) * length) as Data, width, height, channels };
  }

  /** The images in their own size, by the set's mean and deviation. */
  private normalized(): Way {
    const { pixels } = this.options;
    const normalize = this.normalizer();
    return {
      image: (index) => this.image(pixels, index),
      shapeOf: (images) => this.shapeOf(images),
      write: ({ data }, out, at) => normalize(data, out, at),
    };
  }

  /** The images as a net's preprocessing has them. One that an augmentation leaves in the size of the crop stays so. */
  private prepared(to: Preprocessing, augmented: boolean): Way {
    checkPreprocessing(to);
    const bytes = this.bytes();
    const tables = normalised(to);
    const [height, width] = to.crop;
    return {
      image: (index) => withChannels(this.image(bytes, index) as DecodedImage, to.channels),
      shapeOf: () => [height, width, to.channels],
      write: ({ data, width: w, height: h, channels }, out, at) => {
        if (!isBytes(data) || channels !== to.channels)
          throw new CnnzooError('INPUT', `expected the augmentation to keep bytes of ${to.channels} channels.`);
        const resize = augmented && h === height && w === width ? null : to.resize;
        prepare(out, at, { data, width: w, height: h, channels: to.channels }, { ...to, resize }, tables);
      },
    };
  }

  /** The pixels as bytes, as `classify` takes them: floats from 0 to 1 are multiplied by 255 and rounded. */
  private bytes(): Uint8Array {
    const { pixels, shape } = this.options;
    const refuse = (received: string): never => {
      throw new CnnzooError(
        'INPUT',
        "The net's preprocessing takes images of 1, 3 or 4 channels, int32 from 0 to 255 or float32 from 0 to 1; received " +
          `${received}. If they are what the net takes already, say so: fromTensors(images, labels, { normalized: true }).`,
      );
    };
    if (![1, 3, 4].includes(shape[2])) refuse(`${shape[2]} channels`);
    if (isBytes(pixels)) return pixels;
    if (!this.rounded) {
      const stray = pixels.find((value) => !(value >= 0 && value <= 1));
      if (stray !== undefined) refuse(`float32 with the value ${stray}`);
      this.rounded = Uint8Array.from(pixels, (value) => Math.round(value * 255));
    }
    return this.rounded;
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

export interface FromTensorsOptions {
  /** The classes' names, by label; numbered from 0 unless given. */
  categories?: readonly string[];
  /**
   * Per channel, for nets without a preprocessing of their own: x = (value - mean) / std, where int32 images are on the
   * scale 0..1. Default: 0 and 1.
   */
  mean?: readonly number[];
  std?: readonly number[];
  /**
   * true if the images are what the net takes already: of its size, normalised. Default: false; a `Classifier`'s
   * preprocessing makes of them what `classify` would.
   */
  normalized?: boolean;
}

/**
 * A data set of images [n, h, w, c], int32 from 0 to 255 or float32, and their labels [n], from 0. The values are copied:
 * both tensors stay the caller's. To train or evaluate a `Classifier`, float32 images are pixels from 0 to 1, as for
 * `classify`, unless they are `normalized`.
 * @throws CnnzooError SHAPE or INPUT for tensors or options that don't fit.
 */
export async function fromTensors(
  images: Tensor4D,
  labels: Tensor1D,
  options: FromTensorsOptions = {},
): Promise<PixelsDataset> {
  checkOptions('fromTensors', options, ['categories', 'mean', 'std', 'normalized']);
  const { categories, mean, std, normalized = false } = options;
  if (categories !== undefined) checkCategories('fromTensors', categories);
  if (images.rank !== 4 || labels.rank !== 1 || images.shape[0] !== labels.shape[0])
    throw new CnnzooError(
      'SHAPE',
      `fromTensors: expected images [n, h, w, c] and labels [n], received [${images.shape}] and [${labels.shape}].`,
    );
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    throw new CnnzooError('INPUT', `fromTensors: expected images of float32 or int32, received ${images.dtype}.`);
  if (normalized && (mean || std || images.dtype === 'int32'))
    throw new CnnzooError(
      'INPUT',
      `fromTensors: normalized images are taken as they are: expected float32 without mean and std, received ` +
        `${images.dtype}${mean || std ? ' with mean or std' : ''}.`,
    );
  const [values, labelValues] = await Promise.all([images.data(), labels.data()]);
  const numbers = Array.from(labelValues);
  if (images.dtype === 'int32' && values.some((value) => value < 0 || value > 255))
    throw new CnnzooError('INPUT', 'fromTensors: int32 images hold 0..255, received a value outside.');
  const odd = images.dtype === 'float32' ? values.findIndex((value) => !Number.isFinite(value)) : -1;
  if (odd >= 0)
    throw new CnnzooError(
      'INPUT',
      `fromTensors: expected finite values, received ${values[odd]} in image ${Math.floor(odd / (images.size / images.shape[0]))}.`,
    );
  if (numbers.some((label) => !Number.isInteger(label) || label < 0))
    throw new CnnzooError('INPUT', 'fromTensors: expected labels 0, 1, 2, …, received one that is not.');
  const [, h, w, channels] = images.shape;
  const classes = numbers.reduce((most, label) => Math.max(most, label + 1), 0);
  return new PixelsDataset({
    pixels: images.dtype === 'int32' ? Uint8Array.from(values) : Float32Array.from(values),
    shape: [h, w, channels],
    labels: Int32Array.from(numbers),
    categories: categories ?? Array.from({ length: classes }, (_, i) => `${i}`),
    named: categories !== undefined,
    mean: mean ?? new Array<number>(channels).fill(0),
    std: std ?? new Array<number>(channels).fill(1),
    normalized,
  });
}
