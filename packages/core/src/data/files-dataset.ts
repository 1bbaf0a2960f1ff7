import * as tf from '@tensorflow/tfjs-core';
import { checkPreprocessing, type Preprocessing } from '../images/index.js';
import { CnnzooError } from '../util/index.js';
import {
  type Batch,
  type BatchOptions,
  batchesOf,
  type Dataset,
  drawEpochSeed,
  hashBytes,
  sampleFile,
  stopReading,
} from './dataset.js';
import type { ImageFile, PrepareJob } from './pipeline/job.js';
import type { WorkerPool } from './pipeline/pool.js';

/** Images that one job brings: enough to make its message cheap, few enough to share a batch among the workers. */
export const JOB_SIZE = 8;

/** Batches that are worked on ahead of the one that is asked for. */
const AHEAD = 2;

export interface LabelledFile extends ImageFile {
  /** The index of its class. */
  readonly label: number;
}

export interface FilesOptions {
  readonly files: readonly LabelledFile[];
  readonly categories: readonly string[];
  readonly pool: WorkerPool;
  /** Where `batches` is given none. */
  readonly preprocessing?: Preprocessing;
}

/** The promise, or an error as soon as the signal is aborted. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  stopReading(signal);
  if (!signal) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  try {
    const value = await Promise.race([promise, aborted]);
    stopReading(signal);
    return value as T;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Files that are read at a time for a fingerprint. */
const OPEN_FILES = 16;

/** The longest folder that all names begin with, with its slash; '' if there is none. */
function commonFolder([first = '', ...names]: readonly string[]): string {
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  for (const name of names)
    while (!name.startsWith(folder)) folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  return folder;
}

const parts = (indices: Uint32Array): Uint32Array[] =>
  Array.from({ length: Math.ceil(indices.length / JOB_SIZE) }, (_, i) =>
    indices.subarray(i * JOB_SIZE, (i + 1) * JOB_SIZE),
  );

/**
 * Image files with labels. They are read, decoded and augmented by worker threads, up to two batches ahead of the one
 * that is asked for; no image stays in memory. Order and values depend neither on the number of workers nor on which of
 * them is done first.
 */
export class FilesDataset implements Dataset {
  readonly size: number;
  readonly categories: readonly string[];

  constructor(private readonly options: FilesOptions) {
    this.size = options.files.length;
    this.categories = options.categories;
  }

  readonly fromFiles = true;

  /** Of names below the folder that holds all files, labels, and a sample of each file's bytes. */
  async fingerprint(): Promise<string> {
    const { files, preprocessing = null } = this.options;
    const root = commonFolder(files.map(({ name }) => name));
    const parts: unknown[] = [preprocessing];
    for (let start = 0; start < files.length; start += OPEN_FILES)
      parts.push(
        ...(await Promise.all(
          files
            .slice(start, start + OPEN_FILES)
            .map(async ({ name, label, source }) => [name.slice(root.length), label, await sampleFile(source)]),
        )),
      );
    return hashBytes(new TextEncoder().encode(JSON.stringify(parts)));
  }

  /** By index: in this order `batches` hands them out where it does not shuffle. */
  get files(): readonly LabelledFile[] {
    return this.options.files;
  }

  /**
   * @throws CnnzooError INPUT without a preprocessing; IMAGE, with the file's name, where one can't be decoded any more;
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
        // Where it fails before its turn comes, the error waits for the turn.
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

  /** What makes float32 [images, height, width, channels] of the images of a job, by their indices. */
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

  /** The files of a job, without what the worker need not know. */
  private select(indices: Uint32Array): ImageFile[] {
    return Array.from(indices, (index) => {
      const { name, source, maxPixels } = this.options.files[index]!;
      return { name, source, maxPixels };
    });
  }
}
