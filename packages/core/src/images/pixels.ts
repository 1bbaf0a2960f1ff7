import { Tensor } from '@tensorflow/tfjs-core';
import { fetchBytes, fetchUrl, isFetched, PATIENCE, readFile, shownUrl } from '#platform';
import { bytesIn, CnnzooError, isBlob, isUrl } from '../util/index.js';
import { readBlob } from '../util/late.js';
import { decodeImage } from './decode.js';
import type { DecodedImage, ImageInput, ImageOptions } from './image.js';

/** Pictures that a page can draw. They are recognised by their properties, so that Node needs no DOM. */
export type Drawable = HTMLCanvasElement | OffscreenCanvas | HTMLImageElement | HTMLVideoElement | ImageBitmap;

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const isImageData = (input: object): input is ImageData =>
  'data' in input && ArrayBuffer.isView(input.data) && 'width' in input && 'height' in input;

const isDrawable = (input: object): input is Drawable =>
  'getContext' in input ||
  'naturalWidth' in input ||
  'videoWidth' in input ||
  ('width' in input && 'height' in input && 'close' in input);

/**
 * Returns the pixels of an ImageData.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the values are not 8-bit.
 */
function imageDataPixels({ data, width, height }: ImageData, name: string): DecodedImage {
  // An ImageData can hold float16 values.
  if (Object.prototype.toString.call(data) !== '[object Uint8ClampedArray]' || data.length !== width * height * 4)
    throw new CnnzooError(
      'IMAGE',
      `${name}: expected ImageData of 8 bits a channel, width * height * 4 values, received ${data.length} values of ` +
        `${Object.prototype.toString.call(data).slice(8, -1)} for ${width} x ${height} pixels.`,
    );
  return { data, width, height, channels: 4 };
}

/** Returns width and height in the picture's own pixels, not in the page's. */
async function sizeOf(source: Drawable, name: string): Promise<[width: number, height: number]> {
  if ('videoWidth' in source) {
    if (source.readyState < 2)
      throw new CnnzooError(
        'IMAGE',
        `${name}: expected a video that shows a frame, received one that is still loading. Wait for its 'loadeddata' event.`,
      );
    return [source.videoWidth, source.videoHeight];
  }
  if ('naturalWidth' in source) {
    if (!source.complete) await source.decode();
    return [source.naturalWidth, source.naturalHeight];
  }
  return [source.width, source.height];
}

/**
 * Returns a 2D context that holds the picture: the canvas' own, or that of a new canvas with the picture drawn on it.
 */
function contextWith(source: Drawable, width: number, height: number): Context {
  // null for a canvas that WebGL or WebGPU draws on.
  const own = 'getContext' in source ? (source.getContext('2d') as Context | null) : null;
  if (own) return own;
  const canvas =
    typeof OffscreenCanvas === 'undefined'
      ? Object.assign(document.createElement('canvas'), { width, height })
      : new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as Context;
  context.drawImage(source, 0, 0, width, height);
  return context;
}

/**
 * Returns the pixels of a canvas, of an image element, of a video element (its current frame) or of an ImageBitmap, in
 * sRGB.
 *
 * @param name Name for messages.
 */
async function drawablePixels(source: Drawable, name: string): Promise<DecodedImage> {
  try {
    const [width, height] = await sizeOf(source, name);
    if (!(width > 0 && height > 0))
      throw new CnnzooError('IMAGE', `${name}: expected a picture, received one of ${width} x ${height} pixels.`);
    return imageDataPixels(contextWith(source, width, height).getImageData(0, 0, width, height), name);
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    throw new CnnzooError(
      'IMAGE',
      `${name}: expected a picture whose pixels this page may read, but the browser refused (${cause}). ` +
        "Is it from another site? Set crossOrigin = 'anonymous' before its src.",
      { cause },
    );
  }
}

/**
 * Returns the pixels of a tensor [height, width, channels] of 1, 3 or 4 channels: int32 from 0 to 255, or float32 from
 * 0 to 1, which is multiplied by 255 and rounded, as by `tf.browser.toPixels`. The tensor is not disposed.
 *
 * @param name Name for messages.
 */
async function tensorPixels(tensor: Tensor, name: string): Promise<DecodedImage> {
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
  const url = String(location);
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

function describe(input: unknown): string {
  if (input === null || typeof input !== 'object') return input === null ? 'null' : typeof input;
  return input.constructor?.name ?? 'an object';
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
