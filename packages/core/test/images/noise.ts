import { createHash } from 'node:crypto';
import type { DecodedImage } from '../../src/images/image.js';

/** Returns the same bytes as `noise` in tools/weights/torch/images.py. */
function noise(key: string, n: number): Uint8Array {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) h = Math.imul(h ^ byte, 0x01000193);
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const a = (h + Math.imul(i + 1, 0x6d2b79f5)) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = (t ^ (t >>> 14)) >>> 24;
  }
  return out;
}

/** Returns a seeded picture of a given size. */
export function synthetic(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
): DecodedImage & { readonly data: Uint8Array } {
  return { data: noise(`${width}x${height}x${channels}`, width * height * channels), width, height, channels };
}

export const sha256 = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
