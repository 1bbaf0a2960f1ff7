import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, Random } from '../util/index.js';
import { blobSource, bytesSource, throwIfAborted } from '../util/late.js';
import type { Augment } from './augment/index.js';

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

const isWhole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;

/** The indices of an epoch's batches; the order is drawn here, before the first batch is asked for. */
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

/** @throws CnnzooError ABORTED if the signal is aborted. */
export const stopReading = (signal: AbortSignal | undefined): void => throwIfAborted('The reading of images', signal);

/**
 * Splits by class: of each, `share` (0 to 1, rounded) is drawn by the seed, at most all but one. Both parts keep the
 * order of the items.
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

/** The sha256 of an array's bytes, in hexadecimal. */
export async function hashBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  const { hashSource } = await import('#platform');
  return hashSource(bytesSource(new Uint8Array(buffer, byteOffset, byteLength), 'bytes'));
}

/** Bytes of a file's beginning and of its end that are read. */
const SAMPLE = 2 ** 16;

/**
 * A hash of a file's size, its first and its last 64 KiB; by its path or as a page's File. Compressed images that differ
 * anywhere differ there, so a large folder is told from another without reading all of it.
 */
export async function sampleFile(source: string | Blob): Promise<string> {
  const { openPath } = await import('#platform');
  const file = typeof source === 'string' ? await openPath(source) : blobSource(source, 'file');
  try {
    const size = Math.min(SAMPLE, file.size);
    const [head, tail] = [await file.read(0, size), await file.read(file.size - size, size)];
    return JSON.stringify([file.size, await hashBytes(head), await hashBytes(tail)]);
  } finally {
    await file.close();
  }
}

/** Seeds of epochs: with the 32 bits of an index they fit the 53 of a Random's seed. */
const EPOCH_SEEDS = 2 ** 21;

/** One draw, from which `imageRandom` makes the generators of a whole epoch. */
export const drawEpochSeed = (random: Random): number => random.integer(EPOCH_SEEDS);

/** The generator that one image's augmentation draws from, whoever runs it and when. */
export const imageRandom = (epochSeed: number, index: number): Random => new Random(epochSeed * 2 ** 32 + index);
