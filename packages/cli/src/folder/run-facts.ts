import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type Classifier, CnnzooError } from '@cnnzoo/core';
import { folderFiles, pathIn, weightsOf } from '@cnnzoo/core/internal';
import { inferenceGraph } from '@cnnzoo/deploy';

/** Facts that a run and its resumption share: the first line of a file of results. */
export interface RunFacts {
  /** Mark of such a file. */
  readonly run: 'cnnzoo classify';
  readonly version: string;
  /** Name of the model, or of the saved net. */
  readonly model: string;
  /** Name of the weights' entry; null if there is none. */
  readonly weights: string | null;
  /** sha256 of the net's layers, weights, preprocessing and categories. */
  readonly net: string;
  /** Engine; of 'tfjs' with its backend. */
  readonly engine: string;
  /** Number of predictions for each image. */
  readonly top: number;
  readonly images: number;
  /** sha256 of the images' paths and sizes. */
  readonly list: string;
}

/** Images of a folder. */
export interface ImageList {
  /** Paths relative to the folder, with slashes, in the order of their UTF-16 code units. */
  readonly images: readonly string[];
  /** sha256 of the paths and sizes. */
  readonly hash: string;
}

/**
 * Lists the images of a folder and the folders in it.
 *
 * @throws CnnzooError FILE if a part of the folder can't be listed; INPUT if there is no image.
 */
export async function listImages(folder: string): Promise<ImageList> {
  const { images: found, unreadable } = await folderFiles(folder);
  const [first] = unreadable;
  if (first) throw new CnnzooError('FILE', `'${folder}' can't be listed as a whole: ${first.name}: ${first.message}`);
  const images = [...found.keys()].sort();
  if (images.length === 0)
    throw new CnnzooError('INPUT', `There is no image in '${folder}': expected JPEG, PNG or WebP files.`);
  const hash = createHash('sha256');
  for (const image of images) {
    // A file that is gone by now gets its error when it is read.
    const size = await stat(pathIn(folder, image)).then(
      (found) => found.size,
      () => null,
    );
    hash.update(`${JSON.stringify([image, size])}\n`);
  }
  return { images, hash: hash.digest('hex') };
}

/** Returns the sha256 of everything in a net that its answers depend on. */
export async function fingerprintOf(net: Classifier): Promise<string> {
  const hash = createHash('sha256');
  const { preprocessing, categories, activation, model } = net;
  hash.update(JSON.stringify([preprocessing, categories, activation, String(inferenceGraph(net))]));
  for (const { key, variable } of weightsOf(model)) {
    const values = await variable.read().data();
    hash.update(JSON.stringify([key, variable.shape]));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
