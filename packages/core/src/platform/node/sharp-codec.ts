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
  return async (bytes) => {
    // Damage inside a JPEG's entropy-coded data is decoded as far as it goes, as the wasm codec and Pillow do it.
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'truncated', limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 2) return { data, width, height, channels };
    const grey = new Uint8Array(width * height);
    for (let i = 0; i < grey.length; i++) grey[i] = data[i * 2]!;
    return { data: grey, width, height, channels: 1 };
  };
}
