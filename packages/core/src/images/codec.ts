import { CnnzooError } from '../errors.js';
import { type ImageFormat, readContainer } from './containers/container.js';
import type { DecodedImage } from './decoded.js';
import { orientationOf, upright } from './orientation.js';

/** Decodes a file's pixels as they are stored: no colour profile, no orientation, straight (not premultiplied) alpha. */
export type Codec = (bytes: Uint8Array, format: ImageFormat) => Promise<DecodedImage>;

/**
 * Decodes an image by `codec` and turns it upright as its EXIF metadata says. The checks and the turning are done
 * here, so that all codecs give the same bytes and refuse the same files.
 *
 * - Colour profiles and gamma are ignored and alpha is dropped, not blended, as Pillow's `convert('RGB')` does it.
 * - Of 16-bit PNGs the high byte counts. Pillow does the same for RGB, but clips 16-bit grey at 255, which leaves
 *   nothing of most pictures.
 * - A JPEG whose structure is whole, but whose compressed data is damaged inside, is decoded as far as it goes, as
 *   Pillow does it; what stands in the damaged part is then each codec's own.
 * - CMYK JPEGs and animated WebPs are errors; of an animated PNG the still image is taken.
 *
 * @param name for messages: a path, a URL, 'bytes'.
 */
export async function decodeWith(codec: Codec, bytes: Uint8Array, name: string): Promise<DecodedImage> {
  const { format, width, height, exif } = readContainer(bytes, name);
  let image: DecodedImage;
  try {
    image = await codec(bytes, format);
  } catch (cause) {
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
  return upright(image, orientationOf(exif));
}
