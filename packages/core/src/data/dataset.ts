import * as tf from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import { Random } from '../random.js';

/** x float32 [n, h, w, c], y int32 [n]. Whoever receives one disposes of both. */
export interface Batch {
  readonly x: tf.Tensor4D;
  readonly y: tf.Tensor1D;
}

export interface BatchOptions {
  /** The last batch holds what is left. */
  batchSize?: number;
  shuffle?: boolean;
  /** Draws the order, and what the transforms draw. */
  random?: Random;
}

/** Changes a batch's images, [n, h, w, c] -> [n, h', w', c']. The result, and all in between, is tidied up. */
export type Transform = (x: tf.Tensor4D, random: Random) => tf.Tensor4D;

/** Labelled images as plain arrays; tensors exist only one batch at a time, so a dataset has nothing to dispose of. */
export interface ImageArrays {
  /** [n, h, w, c], row-major. Bytes (0..255) become 0..1 in a batch, floats stay as they are. */
  readonly images: Uint8Array | Float32Array;
  readonly shape: readonly [n: number, h: number, w: number, c: number];
  /** [n], from 0. */
  readonly labels: Uint8Array | Int32Array;
}

export class Dataset {
  constructor(
    private readonly arrays: ImageArrays,
    private readonly transforms: readonly Transform[] = [],
  ) {
    const { images, shape, labels } = arrays;
    if (images.length !== shape.reduce((product, n) => product * n, 1))
      throw new CnnzooError('SHAPE', `A dataset of images [${shape}] was given ${images.length} values for them.`);
    if (labels.length !== shape[0])
      throw new CnnzooError('SHAPE', `A dataset needs one label an image: ${shape[0]} images, ${labels.length} labels.`);
  }

  /** How many images. */
  get size(): number {
    return this.arrays.shape[0];
  }

  /** Of images as they are held: [n, h, w, c]. */
  get shape(): ImageArrays['shape'] {
    return this.arrays.shape;
  }

  /** The label of an image. */
  label(index: number): number {
    const label = this.arrays.labels[index];
    if (label === undefined)
      throw new CnnzooError('INPUT', `There is no image ${index}: the dataset holds ${this.size}, numbered from 0.`);
    return label;
  }

  /** The same images, each batch of them changed by `transform` after those before it. */
  map(transform: Transform): Dataset {
    return new Dataset(this.arrays, [...this.transforms, transform]);
  }

  /** Images `from` up to `to`, without copying them. */
  slice(from: number, to: number = this.size): Dataset {
    const { images, shape, labels } = this.arrays;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= this.size))
      throw new CnnzooError('INPUT', `slice: expected 0 <= from <= to <= ${this.size}, received ${from} and ${to}.`);
    const length = images.length / Math.max(1, this.size);
    const part = {
      images: images.subarray(from * length, to * length),
      shape: [to - from, shape[1], shape[2], shape[3]] as const,
      labels: labels.subarray(from, to),
    };
    return new Dataset(part, this.transforms);
  }

  /** Every image once. A batch is made when it is asked for, and belongs to who asked. */
  *batches({ batchSize = 32, shuffle = false, random = new Random() }: BatchOptions = {}): Generator<Batch> {
    if (!(Number.isInteger(batchSize) && batchSize > 0))
      throw new CnnzooError('INPUT', `batches: expected a batchSize of 1 or more, received ${batchSize}.`);
    const order = Int32Array.from({ length: this.size }, (_, i) => i);
    if (shuffle) random.shuffle(order);
    for (let i = 0; i < order.length; i += batchSize) yield this.batch(order.subarray(i, i + batchSize), random);
  }

  private batch(indices: Int32Array, random: Random): Batch {
    const { images, shape, labels } = this.arrays;
    const [, h, w, c] = shape;
    const length = h * w * c;
    const values = new Float32Array(indices.length * length);
    indices.forEach((index, i) => {
      values.set(images.subarray(index * length, (index + 1) * length), i * length);
    });
    if (images instanceof Uint8Array) for (let i = 0; i < values.length; i++) values[i]! /= 255;
    const y = tf.tensor1d(
      Int32Array.from(indices, (index) => labels[index]!),
      'int32',
    );
    try {
      const x = tf.tidy(() =>
        this.transforms.reduce((t, transform) => transform(t, random), tf.tensor4d(values, [indices.length, h, w, c])),
      );
      return { x, y };
    } catch (error) {
      y.dispose();
      throw error;
    }
  }
}

/**
 * A dataset of images [n, h, w, c] (int32 0..255, which become 0..1, or float32 as they are) and labels [n]. Their
 * values are copied: both tensors stay the caller's.
 */
export async function fromTensors(images: tf.Tensor4D, labels: tf.Tensor1D): Promise<Dataset> {
  const [pixels, numbers] = await Promise.all([images.data(), labels.data()]);
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    throw new CnnzooError('INPUT', `fromTensors: expected images of int32 or float32, received ${images.dtype}.`);
  if (images.dtype === 'int32' && pixels.some((value) => value < 0 || value > 255))
    throw new CnnzooError('INPUT', 'fromTensors: int32 images hold 0..255; received a value outside.');
  return new Dataset({
    images: images.dtype === 'int32' ? Uint8Array.from(pixels) : Float32Array.from(pixels),
    shape: images.shape,
    labels: Int32Array.from(numbers),
  });
}
