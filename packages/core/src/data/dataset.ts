import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../images/prepare.js';
import type { Random } from '../random.js';
import type { Augment } from './augment/augment.js';

/**
 * Targets of n images. Labels: int32 [n], from 0; for a net of one logit, 1 if its class is in the image, otherwise 0.
 * Soft targets: float32 [n, classes], 0 to 1, for mixed images and for images with several labels.
 */
export type Targets = Tensor1D | Tensor2D;

/** x float32 [n, h, w, c], normalised; y labels or shares of classes. Whoever receives one disposes of both. */
export interface Batch<Y extends Targets = Targets> {
  readonly x: Tensor4D;
  readonly y: Y;
}

/** Bytes of 0..255, or floats. */
export type Pixels = Uint8Array | Float32Array;

export type ImageShape = readonly [height: number, width: number, channels: number];

export interface BatchOptions {
  /** The last batch holds what is left over. */
  batchSize: number;
  /** Draws the order; without it the images come as they are stored. */
  shuffle?: Random;
  /**
   * Changes each image each time. One draw from `random` seeds a generator for every image of the epoch, by its index:
   * what an image becomes depends neither on the order nor on the threads that work on it.
   */
  augment?: { readonly transform: Augment; readonly random: Random };
  /**
   * The net's own, if it has one: images become what it says, in size, channels and normalisation, whatever the set would
   * make of them else, so that a net is trained and evaluated on what `classify` shows it.
   */
  preprocessing?: Preprocessing;
  /** Batches of the same order that are left out at the start, where an interrupted epoch goes on: none unless given. */
  skip?: number;
  signal?: AbortSignal;
}

/** Labelled images, handed out batch by batch. */
export interface Dataset {
  /** How many images. */
  readonly size: number;
  /** Their classes, by label. */
  readonly categories: readonly string[];
  /** false where `categories` only counts the labels, for want of names: nothing is compared by them. */
  readonly named?: boolean;
  /** Whether they are files of any size, which become what `preprocessing` says. */
  readonly fromFiles?: boolean;
  /**
   * A text that changes if an image, a label or their order does: by it, what was computed of the images is found again,
   * and a resumed training knows its data. Without it, only the number of images and the categories are compared.
   */
  fingerprint?(): Promise<string>;
  /** Every image once. A batch is made when it is asked for, and belongs to who asked. */
  batches(options: BatchOptions): Iterable<Batch> | AsyncIterable<Batch>;
}
