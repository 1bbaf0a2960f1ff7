import type { Sharp } from '../platform/codecs.js';
import type { Codec } from './codec.js';
import type { DecodedImage } from './decoded.js';

/** Below this many bytes, handing an image to sharp's own threads takes longer than decoding it (measured: ten times). */
const SMALL = 8192;

/**
 * Decodes with sharp (libvips), told to leave colours and orientation alone, and with `wasm` where that is better:
 * small images, and CMYK, which sharp converts by a colour profile. An image that one of them finds damaged must pass
 * `wasm`, because libvips goes on behind errors that libjpeg, and so Pillow, stops at; its pixels are then sharp's,
 * which are Pillow's in the damaged blocks too.
 *
 * @param small bytes below which an image counts as small.
 */
export function sharpCodec(sharp: Sharp, wasm: Codec, small = SMALL): Codec {
  const decode = async (bytes: Uint8Array, failOn: 'none' | 'warning'): Promise<DecodedImage> => {
    const image = sharp(bytes, { ignoreIcc: true, failOn, unlimited: true, limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    // Two are a PNG's.
    return { data, width, height, channels: channels as 1 | 3 | 4 };
  };
  return async (bytes, header) => {
    if (header.format === 'JPEG' && header.components === 4) return wasm(bytes, header);
    const whole = bytes.length < small ? undefined : await decode(bytes, 'warning').catch(() => undefined);
    if (whole) return whole;
    const image = await wasm(bytes, header);
    return bytes.length < small && !image.damaged ? image : decode(bytes, 'none').catch(() => image);
  };
}
