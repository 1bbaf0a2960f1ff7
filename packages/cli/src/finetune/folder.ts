import { CnnzooError } from '@cnnzoo/core';
import { type FilesDataset, type ImageFolder, imageFolder } from '@cnnzoo/core/data';
import { visible } from '@cnnzoo/core/internal/text';
import type { CountProgress } from '../progress/index.js';

/** Fraction of each class held out for validation when the folder has no validation split. */
const SHARE = 0.2;

export interface LabelledFolder extends ImageFolder {
  readonly validation: FilesDataset;
}

/**
 * Opens the training and the validation images of a folder.
 *
 * @throws CnnzooError INPUT for fewer than two classes, and for a split without images
 */
export async function openFolder(
  folder: string,
  seed: number,
  progress: CountProgress,
  signal: AbortSignal,
): Promise<LabelledFolder> {
  const onImages = (done: number, total: number): void => progress.count('checking', done, total);
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
