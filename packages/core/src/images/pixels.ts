import { Tensor } from '@tensorflow/tfjs-core';
import { bytesIn, isBlob, isUrl } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import type { DecodedImage } from './decoded.js';
import { drawablePixels, imageDataPixels, isDrawable, isImageData } from './drawable.js';
import { decodeImage } from './image-decoder.js';
import type { ImageInput, ImageOptions } from './input.js';
import { readBlob } from './read-blob.js';
import { readImage } from './read-image.js';
import { tensorPixels } from './tensor-pixels.js';

function describe(input: unknown): string {
  if (input === null || typeof input !== 'object') return input === null ? 'null' : typeof input;
  return input.constructor?.name ?? 'an object';
}

/**
 * The pixels of whatever an image can be. Encoded images (paths, URLs, bytes, Blobs) are decoded as `decodeWith` says.
 *
 * @param name what messages call an input that has no name of its own.
 */
export async function toPixels(
  input: ImageInput,
  name = 'the image',
  { maxPixels, signal }: ImageOptions = {},
): Promise<DecodedImage> {
  if (typeof input === 'string' || isUrl(input)) {
    const file = await readImage(input, signal);
    return decodeImage(file.bytes, file.name, { maxPixels });
  }
  const bytes = isBlob(input) ? await readBlob(input, name) : bytesIn(input);
  if (bytes) return decodeImage(bytes, name, { maxPixels });
  if (input instanceof Tensor) return tensorPixels(input, name);
  if (typeof input === 'object' && input !== null) {
    if (isImageData(input)) return imageDataPixels(input, name);
    if (isDrawable(input)) return drawablePixels(input, name);
  }
  throw new CnnzooError(
    'INPUT',
    `${name}: expected a path, a URL, bytes (Uint8Array, Buffer, ArrayBuffer), a Blob, ImageData, a canvas, an image, ` +
      `a video or a Tensor3D, received ${describe(input)}.`,
  );
}
