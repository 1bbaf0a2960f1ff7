// Pictures of a page, without TensorFlow.js: a page whose net lives in a worker reads them too.
import { CnnzooError } from '../util/index.js';
import type { DecodedImage } from './image.js';

/** Pictures that a page can draw. They are recognised by their properties, so that Node needs no DOM. */
export type Drawable =
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLImageElement
  | HTMLVideoElement
  | ImageBitmap
  | VideoFrame;

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export const isImageData = (input: object): input is ImageData =>
  'data' in input && ArrayBuffer.isView(input.data) && 'width' in input && 'height' in input;

/** Returns true for a picture in memory that its owner closes: an ImageBitmap or a VideoFrame. */
export const isFrame = (input: object): input is ImageBitmap | VideoFrame =>
  'close' in input && ('displayWidth' in input || ('width' in input && 'height' in input));

export const isDrawable = (input: object): input is Drawable =>
  'getContext' in input || 'naturalWidth' in input || 'videoWidth' in input || isFrame(input);

/**
 * Returns the pixels of an ImageData.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the values are not 8-bit, or too few or too many for the size.
 */
export function imageDataPixels({ data, width, height }: ImageData, name: string): DecodedImage {
  // An ImageData can hold float16 values.
  const isImage = [width, height].every((size) => Number.isInteger(size) && size > 0);
  if (
    !isImage ||
    Object.prototype.toString.call(data) !== '[object Uint8ClampedArray]' ||
    data.length !== width * height * 4
  )
    throw new CnnzooError(
      'IMAGE',
      `${name}: expected ImageData of 8 bits a channel, width * height * 4 values, received ${data.length} values of ` +
        `${Object.prototype.toString.call(data).slice(8, -1)} for ${width} x ${height} pixels.`,
    );
  return { data, width, height, channels: 4 };
}

/** Returns width and height in the picture's own pixels, not in the page's. */
async function sizeOf(source: Drawable, name: string): Promise<[width: number, height: number]> {
  const [width, height] = await statedSizeOf(source, name);
  if (width > 0 && height > 0) return [width, height];
  throw new CnnzooError('IMAGE', `${name}: expected a picture, received one of ${width} x ${height} pixels.`);
}

async function statedSizeOf(source: Drawable, name: string): Promise<[width: number, height: number]> {
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
  return 'displayWidth' in source ? [source.displayWidth, source.displayHeight] : [source.width, source.height];
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
 * Returns the error for a picture that the browser does not let the page read.
 *
 * @param name Name for messages.
 */
export const refusedPicture = (name: string, cause: unknown): CnnzooError =>
  new CnnzooError(
    'IMAGE',
    `${name}: expected a picture whose pixels this page may read, but the browser refused (${cause}). ` +
      "Is it from another site? Set crossOrigin = 'anonymous' before its src.",
    { cause },
  );

/**
 * Returns the pixels of a canvas, of an image element, of a video element (its current frame), of an ImageBitmap or of a
 * VideoFrame, in sRGB.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the picture is empty, not loaded, or may not be read.
 */
export async function drawablePixels(source: Drawable, name: string): Promise<DecodedImage> {
  try {
    const [width, height] = await sizeOf(source, name);
    return imageDataPixels(contextWith(source, width, height).getImageData(0, 0, width, height), name);
  } catch (cause) {
    throw cause instanceof CnnzooError ? cause : refusedPicture(name, cause);
  }
}

/**
 * Returns a copy of an image element, or of a video element's current frame, that can be sent to a worker. A drawing of it has
 * the pixels of `drawablePixels`.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the picture is empty or not loaded. Whoever sends the copy learns that it may not be read.
 */
export async function elementBitmap(
  source: HTMLImageElement | HTMLVideoElement,
  name: string,
): Promise<ImageBitmap | DecodedImage> {
  const [width, height] = await sizeOf(source, name).catch((cause: unknown) => {
    throw cause instanceof CnnzooError ? cause : refusedPicture(name, cause);
  });
  // An element without a bitmap of its own (SVG) is drawn, as is one whose bitmap is larger (`srcset` for dense screens).
  const bitmap = await createImageBitmap(source).catch(() => undefined);
  if (bitmap?.width === width && bitmap.height === height) return bitmap;
  bitmap?.close();
  return drawablePixels(source, name);
}

/** Returns the class of a value that is not as expected, for messages. */
export function describe(input: unknown): string {
  if (input === null || typeof input !== 'object') return input === null ? 'null' : typeof input;
  // A generator's constructor has an empty name.
  return input.constructor?.name || 'an object';
}

/**
 * Returns the error for a value that is no image.
 *
 * @param name Name for messages.
 */
export const notAnImage = (input: unknown, name: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${name}: expected a path, a URL, bytes (Uint8Array, Buffer, ArrayBuffer), a Blob, ImageData, a canvas, an image, ` +
      `a video, an ImageBitmap, a VideoFrame or a Tensor3D, received ${describe(input)}.`,
  );
