import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Random } from '../random.js';
import type { Targets } from '../train/targets.js';

/** x float32 [n, h, w, c], normalised; y labels or shares of classes. Whoever receives one disposes of both. */
export interface Batch<Y extends Targets = Targets> {
  readonly x: Tensor4D;
  readonly y: Y;
}

/** Bytes of 0..255, or floats. */
export type Pixels = Uint8Array | Float32Array;

export type ImageShape = readonly [height: number, width: number, channels: number];

/** Changes one image, row-major [h, w, c], before it is normalised; the result is a new array of the same size. */
export type Augment = <T extends Pixels>(image: T, shape: ImageShape, random: Random) => T;

export interface BatchOptions {
  /** The last batch holds what is left over. */
  batchSize: number;
  /** Draws the order; without it the images come as they are stored. */
  shuffle?: Random;
  augment?: { readonly transform: Augment; readonly random: Random };
}

/** Labelled images, handed out batch by batch. */
export interface Dataset {
  /** How many images. */
  readonly size: number;
  /** Their classes, by label. */
  readonly categories: readonly string[];
  /** Every image once. A batch is made when it is asked for, and belongs to who asked. */
  batches(options: BatchOptions): Iterable<Batch> | AsyncIterable<Batch>;
}
