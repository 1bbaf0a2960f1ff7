import { CnnzooError } from '../util/index.js';
import { type ImageHeader, readContainer } from './container.js';
import type { DecodedImage } from './image.js';
import { orientationOf, upright } from './orientation.js';
import { decodePng } from './png.js';

/** Header of a format that a codec decodes; PNG is decoded here. */
export type CodecHeader = Exclude<ImageHeader, { format: 'PNG' }>;

/**
 * Decodes a file's pixels as they are stored: no colour profile, no orientation, straight (not premultiplied) alpha.
 *
 * @throws CnnzooError BACKEND where the codec itself can't work; any other error where it can't decode the file.
 */
export type Codec = (bytes: Uint8Array, header: CodecHeader) => Promise<DecodedImage>;

export interface DecodeOptions {
  /** Pixels (width x height) above which an image is refused before memory is taken. Default: 178,956,970, Pillow's. */
  readonly maxPixels?: number | undefined;
}

/**
 * Decodes an image and turns it upright as its EXIF or XMP metadata says, to the bytes that Pillow's
 * `exif_transpose(image).convert('RGB')` gives. Checks, PNG and the turning are done here, JPEG and WebP by `codec`.
 *
 * - Colour profiles and gamma are ignored and alpha is dropped, not blended, as `convert('RGB')` does it.
 * - CMYK and YCCK become RGB by Pillow's formula, which knows no profile; inverted, as Adobe stores them.
 * - Of 16-bit PNGs the high byte counts. Pillow does the same for RGB, but clips 16-bit grey at 255, which leaves
 *   nothing of most pictures.
 * - A JPEG whose structure is whole, but whose compressed data is damaged inside, is decoded as far as it goes, as
 *   Pillow does it. The pixels of damaged blocks are Pillow's with sharp; without it, and in files of less than 8 KiB,
 *   they may be others.
 * - Animated WebPs are errors; of an animated PNG the still image is taken.
 *
 * @param name for messages: a path, a URL, 'bytes'.
 */
export async function decodeWith(
  codec: Codec,
  bytes: Uint8Array,
  name: string,
  { maxPixels }: DecodeOptions = {},
): Promise<DecodedImage> {
  const header = readContainer(bytes, name, maxPixels);
  const { format, width, height } = header;
  let image: DecodedImage;
  try {
    image = header.format === 'PNG' ? decodePng(header) : await codec(bytes, header);
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
