import { breathe } from '#platform';
import { CnnzooError, checkOptions } from '../util/index.js';
import type { ImageInput, ImageOptions } from './image.js';
import { toPixels } from './pixels.js';
import { checkPreprocessing, normalised, type Preprocessing, prepare } from './transform.js';

/** Options of `preprocess`. */
export interface PreprocessOptions extends ImageOptions {
  /** Subject of the message when the signal stops the work. Default: 'The preprocessing'. */
  what?: string;
  /** Position of the first image in the caller's list, for messages. Default: 0. */
  first?: number;
}

/** Preprocessed images. */
export interface PreparedImages {
  /** Row-major. */
  readonly values: Float32Array;
  /** [images, height, width, channels]. */
  readonly shape: [number, number, number, number];
}

/** Preprocesses images as `preprocess` does, without a tensor or a backend. */
export async function prepareImages(
  images: ImageInput | readonly ImageInput[],
  preprocessing: Preprocessing,
  options: PreprocessOptions = {},
): Promise<PreparedImages> {
  checkOptions('preprocess', options, ['what', 'first', 'signal', 'maxPixels']);
  const { what = 'The preprocessing', first = 0, signal, maxPixels } = options;
  checkPreprocessing(preprocessing);
  const list = (Array.isArray(images) ? images : [images]) as readonly ImageInput[];
  if (list.length === 0) throw new CnnzooError('INPUT', 'preprocess: expected an image or a list, received none.');
  const { crop, channels } = preprocessing;
  const size = crop[0] * crop[1] * channels;
  const values = new Float32Array(list.length * size);
  const tables = normalised(preprocessing);
  // Images are decoded one after the other, so that a list of photographs is never in memory at once.
  for (const [i, input] of list.entries()) {
    await breathe(what, signal);
    const name = Array.isArray(images) ? `images[${first + i}]` : 'the image';
    const pixels = await toPixels(input, name, { signal, maxPixels });
    prepare(values, i * size, pixels, preprocessing, tables);
  }
  return { values, shape: [list.length, crop[0], crop[1], channels] };
}
