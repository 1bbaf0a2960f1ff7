import type { DecodedImage } from './decoded.js';

/** ITU-R 601-2 luma in units of 2^-16, rounded: Pillow's `convert('L')`. Grey images stay as they are. */
export function toGrey(image: DecodedImage): DecodedImage {
  const { data, width, height, channels } = image;
  if (channels === 1) return image;
  const out = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < out.length; i++, at += channels)
    out[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  return { data: out, width, height, channels: 1 };
}
