import * as tf from '@tensorflow/tfjs-core';
import { checkPreprocessing, type Preprocessing } from '../images/index.js';
import { CnnzooError } from '../util/index.js';
import { orAbort } from '../util/late.js';
import {
  type Batch,
  type BatchOptions,
  batchesOf,
  type Dataset,
  drawEpochSeed,
  fingerprintFile,
  hashBytes,
  throwIfReadingStopped,
} from './dataset.js';
import type { ImageFile, PrepareJob } from './pipeline/job.js';
import type { WorkerPool } from './pipeline/pool.js';

/** Images per job: enough that its message costs little, few enough that several workers share a batch. */
export const JOB_SIZE = 8;

/** Batches that are prepared in advance. */
const AHEAD = 2;

/** Image file with its label. */
export interface LabelledFile extends ImageFile {
  /** Index of the image's class. */
  readonly label: number;
}

/** Options of a `FilesDataset`. */
export interface FilesOptions {
  readonly files: readonly LabelledFile[];
  readonly categories: readonly string[];
  readonly pool: WorkerPool;
  /** Preprocessing for calls of `batches` without one. */
  readonly preprocessing?: Preprocessing;
}

/** Settles as the promise does, but throws as soon as the signal is aborted. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await (signal ? orAbort(promise, signal) : promise);
  } finally {
    throwIfReadingStopped(signal);
  }
}

/** Files that are read at the same time for a fingerprint. */
const OPEN_FILES = 16;

/** Returns the longest folder that all names begin with, including its slash. '' if there is none. */
function commonFolder([first = '', ...names]: readonly string[]): string {
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  for (const name of names)
    while (!name.startsWith(folder)) folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  return folder;
}

/** Splits the indices of a batch into jobs. */
const parts = (indices: Uint32Array): Uint32Array[] =>
  Array.from({ length: Math.ceil(indices.length / JOB_SIZE) }, (_, i) =>
    indices.subarray(i * JOB_SIZE, (i + 1) * JOB_SIZE),
  );

/**
 * Labelled image files, as `imageFolder` returns them. Worker threads read, decode and augment them, up to two batches
 * in advance. No image stays in memory. Order and values do not depend on the number of workers.
 *
 * @example
 * ```ts
 * import { imageFolder } from '@cnnzoo/core/data';
 *
 * const { train } = await imageFolder('flowers/');
 * const { name, label } = train.files[0]!;
 * console.log(name, train.categories[label]); // flowers/daisy/1.jpg daisy
 * ```
 */
export class FilesDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];

  constructor(private readonly options: FilesOptions) {
    this.size = options.files.length;
    this.categories = options.categories;
  }

  readonly fromFiles = true;

  /** Returns a hash of the preprocessing and of each file's name below the common folder, label and sampled bytes. */
  async fingerprint(): Promise<string> {
    const { files, preprocessing = null } = this.options;
    const root = commonFolder(files.map(({ name }) => name));
    const parts: unknown[] = [preprocessing];
    for (let start = 0; start < files.length; start += OPEN_FILES)
      parts.push(
        ...(await Promise.all(
          files
            .slice(start, start + OPEN_FILES)
            .map(async ({ name, label, source }) => [name.slice(root.length), label, await fingerprintFile(source)]),
        )),
      );
    return hashBytes(new TextEncoder().encode(JSON.stringify(parts)));
  }

  /** Files in order of index, in which `batches` returns them if it does not shuffle. */
  get files(): readonly LabelledFile[] {
    return this.options.files;
  }

  /**
   * Yields every image once, in batches of float32 [n, height, width, channels] and int32 [n].
   *
   * @throws CnnzooError INPUT without a preprocessing; IMAGE, with the file's name, if a file can no longer be decoded;
   * ABORTED by the signal.
   */
  async *batches(options: BatchOptions): AsyncGenerator<Batch, void, void> {
    const { files, pool } = this.options;
    const { signal } = options;
    const preprocessing = this.preprocessing(options.preprocessing);
    const { crop, channels } = preprocessing;
    const batches = batchesOf(this.size, options);
    const prepare = this.preparer(preprocessing, options.augment);
    const left = new AbortController();
    const jobs = batches.flatMap(parts);
    const window = Math.max(AHEAD * Math.ceil(options.batchSize / JOB_SIZE), pool.size + 1);
    const begun: Promise<Float32Array>[] = [];
    let next = 0;
    const begin = (): void => {
      for (; begun.length < window && next < jobs.length; next++) {
        const values = prepare(jobs[next]!, left.signal);
        // A job may fail before its result is awaited; the error is thrown then.
        values.catch(() => undefined);
        begun.push(values);
      }
    };
    try {
      for (const indices of batches) {
        const x = new Float32Array(indices.length * crop[0] * crop[1] * channels);
        for (let at = 0; at < x.length; ) {
          begin();
          const values = await abortable(begun.shift()!, signal);
          x.set(values, at);
          at += values.length;
        }
        begin();
        const y = Int32Array.from(indices, (index) => files[index]!.label);
        yield { x: tf.tensor4d(x, [indices.length, crop[0], crop[1], channels]), y: tf.tensor1d(y, 'int32') };
      }
    } finally {
      left.abort();
    }
  }

  private preprocessing(given: Preprocessing | undefined): Preprocessing {
    const preprocessing = given ?? this.options.preprocessing;
    if (!preprocessing)
      throw new CnnzooError(
        'INPUT',
        'batches: image files have no size of their own: expected a preprocessing, received none. ' +
          "Give imageFolder one, or pass a Classifier's.",
      );
    checkPreprocessing(preprocessing);
    return preprocessing;
  }

  /**
   * Returns a function that makes the values of a job's images, float32 [images, height, width, channels], from their
   * indices.
   */
  private preparer(
    preprocessing: Preprocessing,
    augment: BatchOptions['augment'],
  ): (indices: Uint32Array, signal: AbortSignal) => Promise<Float32Array> {
    const { pool } = this.options;
    const prepare = async (
      indices: Uint32Array,
      signal: AbortSignal,
      more: Pick<PrepareJob, 'augment'>,
    ): Promise<Float32Array> => {
      const job = {
        kind: 'prepare',
        files: this.select(indices),
        indices: indices.slice(),
        preprocessing,
        ...more,
      } as const;
      return (await pool.run(job, signal)).values;
    };
    if (!augment) return (indices, signal) => prepare(indices, signal, {});
    const epochSeed = drawEpochSeed(augment.random);
    const { recipe } = augment.transform;
    if (recipe) return (indices, signal) => prepare(indices, signal, { augment: { recipe, epochSeed } });
    return async (indices, signal) => {
      const files = this.select(indices);
      const { images } = await pool.run({ kind: 'decode', files, channels: preprocessing.channels }, signal);
      const { augmentAll } = await import('./pipeline/job.js');
      return augmentAll(images, { files, indices, preprocessing }, augment.transform, epochSeed);
    };
  }

  /** Returns the files of a job, without the fields that the worker does not need. */
  private select(indices: Uint32Array): ImageFile[] {
    return Array.from(indices, (index) => {
      const { name, source, maxPixels } = this.options.files[index]!;
      return { name, source, maxPixels };
    });
  }
}
