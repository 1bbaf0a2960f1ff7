import type { Codec } from '../../images/codec.js';
import type { DecodedImage } from '../../images/decoded.js';

type Sharp = typeof import('sharp').default;

/** sharp, where it is installed and runs on this machine. */
export async function findSharp(): Promise<Sharp | null> {
  try {
    return (await import('sharp')).default;
  } catch {
    return null;
  }
}

/**
 * Decodes with sharp (libvips), told to leave colours and orientation alone.
 *
 * @param judge decodes CMYK, which sharp converts by a colour profile; and tells if a file that sharp finds fault with
 * can be decoded: libvips goes on behind errors that libjpeg, and so Pillow, stops at.
 */
export function sharpCodec(sharp: Sharp, judge: Codec): Codec {
  const decode = async (bytes: Uint8Array, failOn: 'none' | 'warning'): Promise<DecodedImage> => {
    const image = sharp(bytes, { ignoreIcc: true, failOn, unlimited: true, limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    // Two are a PNG's.
    return { data, width, height, channels: channels as 1 | 3 | 4 };
  };
  return async (bytes, header) => {
    if (header.format === 'JPEG' && header.components === 4) return judge(bytes, header);
    try {
      return await decode(bytes, 'warning');
    } catch {
      const judged = await judge(bytes, header);
      // In damaged blocks, sharp's bytes are Pillow's.
      return decode(bytes, 'none').catch(() => judged);
    }
  };
}
