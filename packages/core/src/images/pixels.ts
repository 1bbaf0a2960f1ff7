import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { absolute, fetchBytes, fetchUrl, isFetched, PATIENCE, readFile, shownUrl } from '#platform';
import { CnnzooError, isBlob, isUrl } from '../util/index.js';
import { bytesIn, readBlob } from '../util/late.js';
import { decodeImage } from './decode.js';
import { drawablePixels, imageDataPixels, isDrawable, isImageData, notAnImage } from './drawable.js';
import type { DecodedImage, ImageInput, ImageOptions } from './image.js';

/** Returns true for a tensor, by the members by which tfjs' own `instanceof` tells one: a page may have no tfjs. */
const isTensor = (input: ImageInput): input is Tensor3D =>
  typeof input === 'object' && input !== null && 'dataSync' in input && 'throwIfDisposed' in input;

/**
 * Returns the pixels of a tensor [height, width, channels] of 1, 3 or 4 channels: int32 from 0 to 255, or float32 from
 * 0 to 1, which is multiplied by 255 and rounded, as by `tf.browser.toPixels`. The tensor is not disposed.
 *
 * @param name Name for messages.
 */
async function tensorPixels(tensor: Tensor, name: string): Promise<DecodedImage> {
  if (tensor.isDisposed)
    throw new CnnzooError(
      'INPUT',
      `${name}: expected a tensor, received one that was disposed of. Dispose of it later.`,
    );
  const [height, width, channels] = tensor.shape;
  if (tensor.rank !== 3 || tensor.size === 0 || (channels !== 1 && channels !== 3 && channels !== 4))
    throw new CnnzooError(
      'INPUT',
      `${name}: expected a tensor [height, width, channels] of 1, 3 or 4 channels, received [${tensor.shape.join(', ')}].`,
    );
  if (tensor.dtype !== 'int32' && tensor.dtype !== 'float32')
    throw new CnnzooError('INPUT', `${name}: expected an int32 or float32 tensor, received ${tensor.dtype}.`);
  const highest = tensor.dtype === 'int32' ? 255 : 1;
  const values = await tensor.data();
  const data = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= highest))
      throw new CnnzooError(
        'INPUT',
        `${name}: expected values from 0 to ${highest} in a tensor of ${tensor.dtype}, received ${value}. ` +
          'Give int32 from 0 to 255, or float32 from 0 to 1.',
      );
    data[i] = highest === 1 ? Math.round(value * 255) : value;
  }
  return { data, width: width!, height: height!, channels };
}

/** Most bytes of an image that is fetched, and most milliseconds that fetching it may take. */
const MOST_BYTES = 2 ** 28;
const LONGEST = 600_000;

/** Reads an encoded image. Returns its bytes, and its name for messages. */
async function readImage(
  location: string | URL,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array; name: string }> {
  const url = absolute(location);
  const bytes = isFetched(url)
    ? await fetchBytes(url, {
        fetch: fetchUrl,
        what: 'an image',
        maxBytes: MOST_BYTES,
        signal,
        patience: { ...PATIENCE, totalMs: LONGEST },
      })
    : await readFile(url, signal);
  return { bytes, name: shownUrl(url) };
}

/**
 * Returns the pixels of an image in any form. Encoded images (paths, URLs, bytes, Blobs) are decoded as `decodeWith`
 * says.
 *
 * @param name Name, for messages, of an input that has no name of its own.
 * @throws CnnzooError IMAGE if it can't be decoded; INPUT if it is no image; FILE or DOWNLOAD if it can't be read;
 * ABORTED by the signal.
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
  if (isTensor(input)) return tensorPixels(input, name);
  if (typeof input === 'object' && input !== null) {
    if (isImageData(input)) return imageDataPixels(input, name);
    if (isDrawable(input)) return drawablePixels(input, name);
  }
  throw notAnImage(input, name);
}
