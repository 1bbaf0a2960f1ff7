import type { Codec } from '../../images/codec.js';

type Sharp = typeof import('sharp').default;

/** sharp, where it is installed and runs on this machine. */
export async function findSharp(): Promise<Sharp | null> {
  try {
    return (await import('sharp')).default;
  } catch {
    return null;
  }
}

/** Decodes with sharp (libvips), told to leave colours and orientation alone. */
export function sharpCodec(sharp: Sharp): Codec {
  return async (bytes, { format }) => {
    const image = sharp(bytes, {
      ignoreIcc: true,
      // As the wasm codec and Pillow do it, a JPEG with damage inside is decoded as far as it goes.
      failOn: format === 'JPEG' ? 'none' : 'truncated',
      unlimited: true,
      limitInputPixels: false,
    });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    // Two are a PNG's.
    return { data, width, height, channels: channels as 1 | 3 | 4 };
  };
}
