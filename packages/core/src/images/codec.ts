import { CnnzooError } from '../util/index.js';
import { readContainer } from './container.js';
import type { Codec } from './header.js';
import type { DecodedImage } from './image.js';
import { orientationOf, upright } from './orientation.js';

/** Options of decoding. */
export interface DecodeOptions {
  /**
   * Pixels (width x height) above which an image is refused before memory is taken. Default: 178,956,970 (Pillow's).
   */
  readonly maxPixels?: number | undefined;
}

/**
 * Decodes an image and makes it upright, as its EXIF or XMP metadata says. The result is, byte for byte, that of
 * Pillow's `exif_transpose(image).convert('RGB')`. JPEG and WebP are decoded by `codec`.
 *
 * - Colour profiles and gamma are ignored. Alpha is dropped, not blended, as `convert('RGB')` does.
 * - CMYK and YCCK become RGB by Pillow's formula without a profile. Their values count as inverted, as Adobe stores
 * them.
 * - 16-bit PNGs keep the high byte of each value. Pillow does the same for RGB, but clips 16-bit grey at 255, which
 * makes most such pictures white.
 * - A JPEG with a whole structure but damaged compressed data is decoded as far as possible, as Pillow does. The pixels
 * of damaged blocks are Pillow's with sharp. Without sharp, and in files of less than 8 KiB, they may differ.
 * - Animated WebPs are refused. An animated PNG becomes its still image.
 *
 * @param name Name for messages: a path, a URL, 'bytes'.
 * @throws CnnzooError IMAGE if the image can't be decoded; BACKEND if the codec can't work.
 */
export async function decodeWith(
  codec: Codec,
  bytes: Uint8Array,
  name: string,
  { maxPixels }: DecodeOptions = {},
): Promise<DecodedImage> {
  const header = await readContainer(bytes, name, maxPixels);
  const { format, width, height } = header;
  let image: DecodedImage;
  try {
    image = header.format === 'PNG' ? (await import('./png.js')).decodePng(header) : await codec(bytes, header);
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CnnzooError('IMAGE', `${name}: expected a whole ${format} image, but it can't be decoded: ${why}.`, {
      cause,
    });
  }
  if (image.width !== width || image.height !== height)
    throw new CnnzooError(
      'IMAGE',
      `${name}: expected ${width} x ${height} pixels, as the ${format} file says, received ${image.width} x ${image.height}.`,
    );
  return upright(image, orientationOf(header));
}
