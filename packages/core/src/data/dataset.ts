import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { hashSource, openPath } from '#platform';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, Random } from '../util/index.js';
import { blobSource, bytesSource, throwIfAborted } from '../util/late.js';
import type { Augment } from './augment/index.js';

/**
 * Targets of n images.
 *
 * - Labels: int32 [n], from 0. For a net of one logit: 1 if its class is in the image, otherwise 0.
 * - Soft targets: float32 [n, classes], 0 to 1, for mixed images and for images with several labels.
 */
export type Targets = Tensor1D | Tensor2D;

/**
 * Images and targets of one batch. `x` is float32 [n, height, width, channels], normalised. `y` holds labels or soft
 * targets. The receiver disposes of both.
 */
export interface Batch<Y extends Targets = Targets> {
  readonly x: Tensor4D;
  readonly y: Y;
}

/** Shape of an image: height and width in pixels, and channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Options of `Dataset.batches`. */
export interface BatchOptions {
  /** Images of a batch. The last batch holds the rest. */
  batchSize: number;
  /** Generator of the order. Default: the images come in the order of the data set. */
  shuffle?: Random;
  /**
   * Augmentation of the images. One draw from `random` seeds a generator for every image of the epoch, by the image's
   * index. So an augmented image depends neither on the order nor on the threads.
   */
  augment?: { readonly transform: Augment; readonly random: Random };
  /**
   * Preprocessing of the net, if it has one. The images get its size, channels and normalisation instead of the data
   * set's own, so that a net is trained and evaluated on the same input as `classify` gives it.
   */
  preprocessing?: Preprocessing;
  /** Number of batches to leave out at the start of the order, to resume an interrupted epoch. Default: 0. */
  skip?: number;
  /** Stops the reading: the next batch throws a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Labelled images, returned batch by batch. A data set of your own implements `size`, `categories` and `batches`. */
export interface Dataset {
  /** Number of images. */
  readonly size: number;
  /** Names of the classes, by label. */
  readonly categories: readonly string[];
  /**
   * false if `categories` only counts the labels, for want of names. The categories are then not compared with a net's.
   * Default: true.
   */
  readonly named?: boolean;
  /** true if the images are files of any size, to which `preprocessing` gives one size. Default: false. */
  readonly fromFiles?: boolean;
  /**
   * Returns a text that changes if an image, a label or the order does. Features computed from the images are found
   * again by it, and a resumed training recognises its data. Without it, only the number of images and the categories
   * are compared.
   */
  fingerprint?(): Promise<string>;
  /** Yields every image once, in batches. A batch is made when it is requested; the receiver disposes of it. */
  batches(options: BatchOptions): Iterable<Batch> | AsyncIterable<Batch>;
}

const isWhole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;

/**
 * Returns the indices of the images in each batch of an epoch. The order is drawn at once, before the first batch is
 * requested.
 *
 * @throws CnnzooError INPUT for a bad `batchSize` or `skip`.
 */
export function batchesOf(size: number, { batchSize, shuffle, skip = 0 }: BatchOptions): Uint32Array[] {
  if (!isWhole(batchSize, 1))
    throw new CnnzooError('INPUT', `batches: expected a batchSize of 1, 2, 3, …, received ${batchSize}.`);
  if (!isWhole(skip, 0))
    throw new CnnzooError('INPUT', `batches: expected to skip 0, 1, 2, … batches, received ${skip}.`);
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  shuffle?.shuffle(order);
  const batches: Uint32Array[] = [];
  for (let start = skip * batchSize; start < size; start += batchSize)
    batches.push(order.subarray(start, start + batchSize));
  return batches;
}

/**
 * Throws if the signal is aborted.
 *
 * @throws CnnzooError ABORTED.
 */
export const throwIfReadingStopped = (signal: AbortSignal | undefined): void =>
  throwIfAborted('The reading of images', signal);

/**
 * Splits labelled items class by class. Both results keep the order of the items.
 *
 * @param share Fraction of each class to draw, 0 to 1. The number of items is rounded, and at least one of each class
 * is left.
 */
export function stratifiedSplit<T extends { readonly label: number }>(
  items: readonly T[],
  share: number,
  seed: number,
): [rest: T[], drawn: T[]] {
  const random = new Random(seed);
  const drawn = new Set<T>();
  for (const label of [...new Set(items.map((item) => item.label))].sort((a, b) => a - b)) {
    const ofClass = items.filter((item) => item.label === label);
    const count = Math.min(Math.round(share * ofClass.length), ofClass.length - 1);
    for (const item of random.shuffle(ofClass).slice(0, count)) drawn.add(item);
  }
  return [items.filter((item) => !drawn.has(item)), items.filter((item) => drawn.has(item))];
}

/** Returns the sha256 of an array's bytes, in hexadecimal. */
export async function hashBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  return hashSource(bytesSource(new Uint8Array(buffer, byteOffset, byteLength), 'bytes'));
}

/** Bytes that are read at a file's beginning and at its end. */
const SAMPLE = 2 ** 16;

/**
 * Returns a fingerprint of a file: its size, and hashes of its first and its last 64 KiB. Different compressed images
 * differ there, so a large folder can be told from another without reading all of it.
 *
 * @param source Path of the file, or the file itself (in a page).
 */
export async function fingerprintFile(source: string | Blob): Promise<string> {
  const file = typeof source === 'string' ? await openPath(source) : blobSource(source, 'file');
  try {
    const size = Math.min(SAMPLE, file.size);
    const [head, tail] = [await file.read(0, size), await file.read(file.size - size, size)];
    return JSON.stringify([file.size, await hashBytes(head), await hashBytes(tail)]);
  } finally {
    await file.close();
  }
}

/**
 * Number of different epoch seeds. Together with the 32 bits of an image's index they fit into the 53 bits of a
 * Random's seed.
 */
const EPOCH_SEEDS = 2 ** 21;

/** Draws the seed from which `imageRandom` makes the generators of an epoch. */
export const drawEpochSeed = (random: Random): number => random.integer(EPOCH_SEEDS);

/** Returns the generator for the augmentation of one image. It is the same on every thread and in every order. */
export const imageRandom = (epochSeed: number, index: number): Random => new Random(epochSeed * 2 ** 32 + index);
