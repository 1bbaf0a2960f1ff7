import { CnnzooError } from '@cnnzoo/core';
import { type FilesDataset, type ImageFolder, imageFolder } from '@cnnzoo/core/data';
import { visible } from '../../../core/src/visible.js';
import type { Progress } from './progress.js';

/** What of every class is kept for validation where the folder has no part for it. */
const SHARE = 0.2;

export interface LabelledFolder extends ImageFolder {
  readonly validation: FilesDataset;
}

/** The images to train on and those to validate on. The workers' threads keep what they decode no longer than needed. */
export async function openFolder(
  folder: string,
  seed: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<LabelledFolder> {
  const onImages = (done: number, total: number): void => progress.advance('checking', done, total);
  const found = await imageFolder(folder, { seed, signal, onImages, validation: SHARE });
  const { categories, train, validation } = found;
  if (categories.length < 2)
    throw new CnnzooError(
      'INPUT',
      `finetune: expected a folder of images for each of at least two classes in '${folder}', received '${visible(categories[0]!)}' alone.`,
    );
  if (train.size === 0 || !validation?.size)
    throw new CnnzooError(
      'INPUT',
      `finetune: expected images to train on and images to validate on, received ${train.size} and ` +
        `${validation?.size ?? 0}. A class needs at least three images to be split.`,
    );
  return { ...found, validation };
}
