import { copyOf } from '../../../bytes.js';
import { type Bytes, lookUp } from './enhance.js';

/** Keeps the `bits` highest bits of every value: 0 to 8. torchvision's `posterize`, as the others here, to the bit. */
export function posterize(image: Bytes, bits: number): Bytes {
  const mask = 0xff & ~(2 ** (8 - bits) - 1);
  return lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => value & mask),
  );
}

/** Inverts what is not below the threshold. */
export const solarize = (image: Bytes, threshold: number): Bytes =>
  lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => (value < threshold ? value : 255 - value)),
  );

/** Each channel through a table made from its histogram. */
function byHistogram(image: Bytes, tableOf: (counts: Uint32Array) => ArrayLike<number> | null): Bytes {
  const { channels } = image;
  const data = copyOf(image.data);
  for (let channel = 0; channel < channels; channel++) {
    const counts = new Uint32Array(256);
    for (let i = channel; i < data.length; i += channels) counts[data[i]!]!++;
    const table = tableOf(counts);
    if (table) for (let i = channel; i < data.length; i += channels) data[i] = table[data[i]!]!;
  }
  return { ...image, data };
}

/** Stretches each channel to the whole range of 0 to 255. */
export const autocontrast = (image: Bytes): Bytes =>
  byHistogram(image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return null;
    const scale = 255 / (high - low);
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.trunc(value * scale - low * scale));
  });

/** Gives each channel a histogram as even as its values allow. */
export const equalize = (image: Bytes): Bytes =>
  byHistogram(image, (counts) => {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const step = Math.floor((total - counts.findLast((count) => count > 0)!) / 255);
    if (step === 0) return null;
    let before = Math.floor(step / 2);
    return Uint8ClampedArray.from(counts, (count) => {
      const value = Math.floor(before / step);
      before += count;
      return value;
    });
  });
