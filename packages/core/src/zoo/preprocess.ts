import * as tf from '@tensorflow/tfjs-core';
import { requireBackend } from '../backend/index.js';
import { type ImageInput, type Preprocessing, type PreprocessOptions, prepareImages } from '../images/index.js';

/**
 * Makes the batch that a net takes from images. The values are, bit for bit, those of torchvision's ImageClassification
 * transform on the same pixels (on a PIL image):
 *
 * 1. Convert to grey, for nets of one channel.
 * 2. Resize the shorter side to `resize`, and the longer one in proportion, truncated.
 * 3. Crop the centre, at an offset rounded half to even. A smaller image is padded with black.
 * 4. Scale 0..255 to 0..1 and normalise by mean and standard deviation, in float32.
 *
 * Tensors among the images are not disposed. The caller disposes of the result.
 *
 * @returns float32 [images, height, width, channels].
 * @throws CnnzooError IMAGE, INPUT, FILE or DOWNLOAD for an image that can't be used; BACKEND if no backend is set;
 * ABORTED by the signal.
 */
export async function preprocess(
  images: ImageInput | readonly ImageInput[],
  preprocessing: Preprocessing,
  options: PreprocessOptions = {},
): Promise<tf.Tensor4D> {
  requireBackend('preprocess');
  const { values, shape } = await prepareImages(images, preprocessing, options);
  return tf.tensor4d(values, shape);
}
