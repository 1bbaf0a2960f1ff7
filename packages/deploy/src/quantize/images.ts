import { CnnzooError, type ImageInput, type Preprocessing } from '@cnnzoo/core';
import { allFinite, breathe, isTypedArray, prepareImages, shownValue } from '@cnnzoo/core/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceGraph } from '../graph/index.js';
import type { BatchShape } from '../session/index.js';

/** Preprocessed images: float32 values, row-major, and [images, height, width, channels]. */
export interface ImageValues {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/**
 * Images for a net: a list of images, which a Classifier's preprocessing prepares; or preprocessed ones, a Tensor4D [images, height, width,
 * channels] or its values, at once or as a list of batches.
 */
export type QuantizeImages = readonly ImageInput[] | tf.Tensor4D | ImageValues | readonly (tf.Tensor4D | ImageValues)[];

/** Batch of preprocessed images, and the place of the first in the whole list. */
export interface Batch {
  readonly values: Float32Array;
  readonly shape: BatchShape;
  readonly first: number;
}

/** Values of all images up to which they are kept for the next pass, instead of being read anew: 256 MiB. */
const KEPT = 1 << 26;

/** Values of a batch, and its images, at most. */
const BATCH_VALUES = 1 << 20;
const BATCH_IMAGES = 32;

const isTensor = (value: unknown): value is tf.Tensor =>
  typeof value === 'object' && value !== null && 'dataId' in value && 'shape' in value;

const isValues = (value: unknown): value is ImageValues =>
  typeof value === 'object' && value !== null && 'values' in value && 'shape' in value;

const isPrepared = (value: unknown): value is tf.Tensor4D | ImageValues =>
  (isTensor(value) && value.shape.length === 4) || isValues(value);

/** Images that are read batch by batch, as often as needed. */
export class ImageSource {
  private kept: Batch[] | undefined;

  private constructor(
    /** Number of images. */
    readonly count: number,
    /** Values of an image. */
    private readonly size: number,
    private readonly read: (first: number, count: number, signal: AbortSignal | undefined) => Promise<ImageValues>,
  ) {}

  /**
   * Checks images, and reads the values of tensors. Images of other kinds are read when they are needed.
   *
   * @param name of the argument, for messages.
   * @throws CnnzooError INPUT or SHAPE.
   */
  static async of(images: QuantizeImages, graph: InferenceGraph, name: string): Promise<ImageSource> {
    const list: readonly unknown[] = Array.isArray(images) ? images : [images];
    if (list.length > 0 && list.every(isPrepared))
      return ofValues(await Promise.all(list.map(readValues)), graph, name);
    if (!Array.isArray(images) || list.some(isPrepared))
      throw new CnnzooError(
        'INPUT',
        `quantize: expected ${name} as a list of images, a Tensor4D, or { values, shape }, and not mixed, received ${shownValue(images)}.`,
      );
    return ofImages(images as readonly ImageInput[], graph, name);
  }

  /** @internal */
  static make(count: number, size: number, read: ImageSource['read']): ImageSource {
    return new ImageSource(count, size, read);
  }

  /**
   * Gives the images in order.
   *
   * @param limit images at most; all, if it is left out.
   * @throws CnnzooError INPUT for a value that is not finite; ABORTED by the signal; as `prepareImages`.
   */
  async *batches(signal: AbortSignal | undefined, limit = this.count): AsyncGenerator<Batch> {
    const most = Math.max(1, Math.min(BATCH_IMAGES, Math.floor(BATCH_VALUES / this.size)));
    const total = Math.min(limit, this.count);
    const keeps = this.count * this.size <= KEPT;
    const known = this.kept ?? [];
    for (let first = 0, i = 0; first < total; first += most, i++) {
      await breathe('The quantization', signal);
      const batch = known[i] ?? (await this.batch(first, Math.min(most, this.count - first), signal));
      if (keeps) known[i] = batch;
      yield batch;
    }
    if (keeps) this.kept = known;
  }

  private async batch(first: number, count: number, signal: AbortSignal | undefined): Promise<Batch> {
    const { values, shape } = await this.read(first, count, signal);
    if (!allFinite(values)) {
      const at = first + Math.floor(values.findIndex((value) => !Number.isFinite(value)) / this.size);
      throw new CnnzooError(
        'INPUT',
        `quantize: image ${at} has a value that is not finite. Leave it out, or prepare it anew: NaN and Infinity have no place in 8 bits.`,
      );
    }
    return { values, shape: shape as unknown as BatchShape, first };
  }
}

function requireImages(count: number, name: string): void {
  if (count < 2)
    throw new CnnzooError(
      'INPUT',
      `quantize: expected at least 2 images as ${name}, received ${count}. Ranges come from typical images: give 100 or more.`,
    );
}

/** Refuses images of another size than the net takes. */
function requireShape(shape: readonly number[], { name, inputs, anySize }: InferenceGraph): void {
  const expected = inputs[0]!.shape.map((extent, axis) => (anySize && (axis === 1 || axis === 2) ? null : extent));
  const fits =
    shape.length === expected.length &&
    shape.every(
      (extent, i) => Number.isInteger(extent) && extent > 0 && (expected[i] === null || extent === expected[i]),
    );
  if (!fits)
    throw new CnnzooError(
      'SHAPE',
      `quantize: '${name}' takes [${expected.map((extent) => extent ?? 'any').join(', ')}], received images of [${shape}].`,
    );
}

async function readValues(images: unknown): Promise<ImageValues> {
  if (!isTensor(images)) return images as ImageValues;
  if (images.isDisposed) throw new CnnzooError('INPUT', 'quantize: a tensor of images was disposed of.');
  // A clone: the caller may dispose of the tensor meanwhile.
  const clone = tf.keep(tf.clone(images));
  try {
    return { values: Float32Array.from(await clone.data()), shape: images.shape };
  } finally {
    clone.dispose();
  }
}

function ofValues(parts: readonly ImageValues[], graph: InferenceGraph, name: string): ImageSource {
  const [, ...inner] = parts[0]!.shape;
  let count = 0;
  for (const { values, shape } of parts) {
    if (!isTypedArray(values, 'Float32Array') || !Array.isArray(shape))
      throw new CnnzooError(
        'INPUT',
        `quantize: expected ${name} as { values: Float32Array, shape }, received ${shownValue(values)} of ${shownValue(shape)}.`,
      );
    requireShape(shape, graph);
    const expected = shape.reduce((product, extent) => product * extent, 1);
    if (values.length !== expected)
      throw new CnnzooError(
        'SHAPE',
        `quantize: expected the ${expected} values of [${shape}], received ${values.length}.`,
      );
    if (shape.slice(1).join() !== inner.join())
      throw new CnnzooError(
        'SHAPE',
        `quantize: expected images of one size, received [${inner}] and [${shape.slice(1)}].`,
      );
    count += shape[0]!;
  }
  requireImages(count, name);
  const size = inner.reduce((product, extent) => product * extent, 1);
  return ImageSource.make(count, size, async (first, wanted) => {
    const values = new Float32Array(wanted * size);
    let start = 0;
    for (const part of parts) {
      const images = part.shape[0]!;
      const [from, to] = [Math.max(first, start), Math.min(first + wanted, start + images)];
      if (from < to)
        values.set(part.values.subarray((from - start) * size, (to - start) * size), (from - first) * size);
      start += images;
    }
    return { values, shape: [wanted, ...inner] };
  });
}

function ofImages(images: readonly ImageInput[], graph: InferenceGraph, name: string): ImageSource {
  requireImages(images.length, name);
  const preprocessing: Preprocessing | null = graph.facts.preprocessing;
  if (!preprocessing)
    throw new CnnzooError(
      'INPUT',
      `quantize: '${graph.name}' is a LayersModel, which states no preprocessing. Give a Classifier, or preprocessed images: a Tensor4D or ` +
        '{ values, shape }.',
    );
  const { crop, channels } = preprocessing;
  requireShape([1, ...crop, channels], graph);
  // The list is as it was, whatever the caller does with it.
  const list = [...images];
  return ImageSource.make(list.length, crop[0] * crop[1] * channels, (first, count, signal) =>
    prepareImages(list.slice(first, first + count), preprocessing, { what: 'The quantization', first, signal }),
  );
}
