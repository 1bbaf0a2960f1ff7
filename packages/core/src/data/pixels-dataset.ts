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
  throwIfReadingStopped,
} from './dataset.js';
import { withChannels } from './pipeline/job.js';

/** Options of a `PixelsDataset`. */
export interface PixelsOptions {
  /** Values of all images in the order [n, height, width, channels]: bytes from 0 to 255, or floats. */
  readonly pixels: Pixels;
  /** Shape of each image. */
  readonly shape: ImageShape;
  /** Label of each image, from 0. */
  readonly labels: Uint8Array | Int32Array;
  /** Names of the classes, by label. */
  readonly categories: readonly string[];
  /** false if `categories` only counts the labels. Default: true. */
  readonly named?: boolean;
  /**
   * Mean of each channel, for nets without a preprocessing of their own: x = (pixel - mean) / std, with bytes divided
   * by 255. The preprocessing of a `Classifier` replaces it.
   */
  readonly mean: readonly number[];
  /** Standard deviation of each channel, above 0, for nets without a preprocessing of their own. */
  readonly std: readonly number[];
  /** true if the pixels are a net's input already, so that no preprocessing changes them. Default: false. */
  readonly normalized?: boolean;
}

const check = (ok: boolean, message: string): void => {
  if (!ok) throw new CnnzooError('INPUT', message);
};

/** Writes an image to the values of a batch, from `at` on. */
type Write = (image: PixelImage, out: Float32Array, at: number) => void;

/**
 * Conversion of images to a net's input: the image by its index, the shape of a batch's images, and the writing of
 * their values.
 */
interface Conversion {
  readonly image: (index: number) => PixelImage;
  readonly shapeOf: (images: readonly PixelImage[]) => ImageShape;
  readonly write: Write;
}

/**
 * Small images in memory, made into a net's input batch by batch: no tensor lives between batches. With a
 * preprocessing, the input is bit for bit that of `classify` for the same images.
 *
 * @example
 * ```ts
 * import { PixelsDataset } from '@cnnzoo/core/data';
 *
 * const data = new PixelsDataset({
 *   pixels: new Uint8Array(2 * 8 * 8), // two black images, 8 x 8, grey
 *   shape: [8, 8, 1],
 *   labels: Uint8Array.of(0, 1),
 *   categories: ['cat', 'dog'],
 *   mean: [0.5],
 *   std: [0.5],
 * });
 * ```
 */
export class PixelsDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];
  readonly named: boolean;
  readonly shape: ImageShape;
  /** Floats as bytes, once they have been needed. */
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

  /**
   * Returns the first `count` images as a data set, which shares their memory.
   *
   * @throws CnnzooError INPUT unless `count` is an integer from 0 to `size`.
   */
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
      throwIfReadingStopped(options.signal);
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

  /**
   * Returns the conversion for nets without a preprocessing: images keep their size, and are normalised by the set's
   * own mean and deviation.
   */
  private normalized(): Conversion {
    const { pixels } = this.options;
    const normalize = this.normalizer();
    const areBytes = isBytes(pixels);
    return {
      image: (index) => this.image(pixels, index),
      shapeOf: (images) => this.shapeOf(images),
      write: ({ data }, out, at) => {
        // The two have different units: 0 to 255, and whatever the set's mean and deviation have.
        if (isBytes(data) !== areBytes)
          throw new CnnzooError('INPUT', `expected the augmentation to keep ${areBytes ? 'bytes' : 'floats'}.`);
        normalize(data, out, at);
      },
    };
  }

  /**
   * Returns the conversion by a net's preprocessing. An image that an augmentation leaves in the size of the crop is
   * not resized.
   */
  private prepared(to: Preprocessing, augmented: boolean): Conversion {
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

  /** Returns the pixels as bytes, as `classify` does: floats from 0 to 1 are multiplied by 255 and rounded. */
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

  /** Returns the function that augments an image, given its index. */
  private augmenter(augment: BatchOptions['augment']): (image: PixelImage, index: number) => PixelImage {
    if (!augment) return (image) => image;
    const seed = drawEpochSeed(augment.random);
    return (image, index) => augment.transform(image, imageRandom(seed, index));
  }

  /** Returns the shape of a batch's images. An augmentation may change the size, but equally for all. */
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
        for (let c = 0; c < channels; c++) {
          const [m, s] = [mean[c]!, std[c]!];
          for (let i = c; i < image.length; i += channels) out[at + i] = (image[i]! - m) / s;
        }
      };
    // One table per channel: the normalised value of each byte.
    const tables = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / std[c]!));
    return (image, out, at) => {
      for (const [c, table] of tables.entries())
        for (let i = c; i < image.length; i += channels) out[at + i] = table[image[i]!]!;
    };
  }
}

/** Options of `fromTensors`. */
export interface FromTensorsOptions {
  /** Names of the classes, by label. Default: numbers from 0. */
  categories?: readonly string[];
  /**
   * Mean of each channel, for nets without a preprocessing of their own: x = (value - mean) / std, with int32 images
   * divided by 255. Default: 0.
   */
  mean?: readonly number[];
  /** Standard deviation of each channel, above 0. Default: 1. */
  std?: readonly number[];
  /**
   * true if the images are a net's input already: of its size, and normalised. Default: false; the preprocessing of a
   * `Classifier` treats the images as `classify` does.
   */
  normalized?: boolean;
}

/**
 * Makes a data set from tensors. The values are copied; the tensors stay the caller's.
 *
 * @param images [n, height, width, channels], int32 from 0 to 255, or float32. For a `Classifier`, float32 images hold
 * pixels from 0 to 1, as for `classify`, unless they are `normalized`.
 * @param labels [n], from 0.
 * @throws CnnzooError SHAPE or INPUT for tensors or options that don't fit.
 * @example
 * ```ts
 * import { fromTensors } from '@cnnzoo/core/data';
 *
 * const images = tf.zeros([2, 28, 28, 1], 'int32') as tf.Tensor4D;
 * const labels = tf.tensor1d([0, 1], 'int32');
 * const data = await fromTensors(images, labels, { categories: ['cat', 'dog'] });
 * tf.dispose([images, labels]);
 * ```
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
