import * as tf from '@tensorflow/tfjs-core';
import { breathe } from '#platform';
import { requireBackend } from '../backend/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import type { ImageInput, ImageOptions } from './image.js';
import { toPixels } from './pixels.js';
import { checkPreprocessing, normalised, type Preprocessing, prepare } from './transform.js';

export interface PreprocessOptions extends ImageOptions {
  /** The work that the signal stops, for its message. */
  what?: string;
}

/**
 * Images to the batch that a net takes: float32 [images, height, width, channels], bit for bit what torchvision's
 * ImageClassification transform makes of the same pixels (its steps on a PIL image):
 *
 * 1. grey, for nets of one channel;
 * 2. the shorter side resized to `resize`, the longer one in proportion, truncated;
 * 3. the centre cropped, its offset rounded half to even; a smaller image is padded with black;
 * 4. 0..255 scaled to 0..1 and normalised by mean and standard deviation, in float32.
 *
 * A Tensor3D given as an image is not disposed. The result is the caller's.
 */
export async function preprocess(
  images: ImageInput | readonly ImageInput[],
  preprocessing: Preprocessing,
  options: PreprocessOptions = {},
): Promise<tf.Tensor4D> {
  requireBackend('preprocess');
  checkOptions('preprocess', options, ['what', 'signal', 'maxPixels']);
  const { what = 'The preprocessing', signal, maxPixels } = options;
  checkPreprocessing(preprocessing);
  const list = (Array.isArray(images) ? images : [images]) as readonly ImageInput[];
  if (list.length === 0) throw new CnnzooError('INPUT', 'preprocess: expected an image or a list, received none.');
  const { crop, channels } = preprocessing;
  const size = crop[0] * crop[1] * channels;
  const values = new Float32Array(list.length * size);
  const tables = normalised(preprocessing);
  // One after the other: a list of photographs is never in memory at once.
  for (const [i, input] of list.entries()) {
    await breathe(what, signal);
    const name = Array.isArray(images) ? `images[${i}]` : 'the image';
    const pixels = await toPixels(input, name, { signal, maxPixels });
    prepare(values, i * size, pixels, preprocessing, tables);
  }
  return tf.tensor4d(values, [list.length, crop[0], crop[1], channels]);
}
