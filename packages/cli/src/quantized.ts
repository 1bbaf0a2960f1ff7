import { stat } from 'node:fs/promises';
import { type Classifier, CnnzooError } from '@cnnzoo/core';
import { pathIn, pathOf } from '@cnnzoo/core/internal';
import { type Quantized, quantize } from '@cnnzoo/deploy';
import { listImages } from './folder/run-facts.js';
import { countProgress } from './progress/index.js';
import type { Context } from './terminal/index.js';

/** Images of a folder that a net is calibrated with, at most. */
const IMAGES = 512;

/**
 * Lists images of a folder for a calibration: of a large folder some that are spread evenly over it, so that each class is among them.
 *
 * @throws CnnzooError FILE or INPUT for a folder that can't be listed or has no image.
 */
export async function calibrationImages(folder: string): Promise<string[]> {
  const path = pathOf(folder);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CnnzooError(
      'FILE',
      `--images expects a folder of images, '${folder}' is ${found ? 'a file' : 'not there'}.`,
    );
  const { images } = await listImages(path);
  const count = Math.min(IMAGES, images.length);
  return Array.from({ length: count }, (_, i) => pathIn(path, images[Math.floor((i * images.length) / count)]!));
}

/** Quantizes a net with images, and shows the progress. */
export async function quantizeWith(
  net: Classifier,
  images: readonly string[],
  agreement: number | undefined,
  { terminal, signal }: Context,
): Promise<Quantized> {
  const progress = countProgress(terminal);
  try {
    return await quantize(net, images, {
      ...(agreement !== undefined && { keepFloat: { agreement } }),
      signal,
      onProgress: ({ work, done, total }) => progress.count(work, done, total),
    });
  } finally {
    progress.end();
  }
}
