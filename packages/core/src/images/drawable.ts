import { CnnzooError } from '../errors.js';
import type { DecodedImage } from './decoded.js';

/** Pictures that a page can draw. Told apart by what they have, so that Node needs no DOM. */
export type Drawable = HTMLCanvasElement | OffscreenCanvas | HTMLImageElement | HTMLVideoElement | ImageBitmap;

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

export const isImageData = (input: object): input is ImageData =>
  'data' in input && ArrayBuffer.isView(input.data) && 'width' in input && 'height' in input;

export const isDrawable = (input: object): input is Drawable =>
  'getContext' in input ||
  'naturalWidth' in input ||
  'videoWidth' in input ||
  ('width' in input && 'height' in input && 'close' in input);

/** @param name for messages. */
export function imageDataPixels({ data, width, height }: ImageData, name: string): DecodedImage {
  // A colour space of float16 exists.
  if (Object.prototype.toString.call(data) !== '[object Uint8ClampedArray]' || data.length !== width * height * 4)
    throw new CnnzooError(
      'IMAGE',
      `${name}: expected ImageData of 8 bits a channel, width * height * 4 values, received ${data.length} values of ` +
        `${Object.prototype.toString.call(data).slice(8, -1)} for ${width} x ${height} pixels.`,
    );
  return { data, width, height, channels: 4 };
}

/** Width and height in the picture's own pixels, not the page's. */
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

/** The 2D context that holds the picture: a canvas' own, or that of a canvas it is drawn on. */
function contextWith(source: Drawable, width: number, height: number): Context {
  // Null for a canvas that WebGL or WebGPU draws on.
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
 * The pixels of a canvas, an image or video element (its current frame), or an ImageBitmap, in sRGB.
 *
 * @param name for messages.
 */
export async function drawablePixels(source: Drawable, name: string): Promise<DecodedImage> {
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
