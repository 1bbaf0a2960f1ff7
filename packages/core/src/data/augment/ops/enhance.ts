import { copyOf } from '../../../bytes.js';
import { toGrey } from '../../../images/grey.js';
import type { PixelImage } from '../augment.js';

export type Bytes = PixelImage<Uint8Array>;

/**
 * A byte between `from` (at 0) and `to` (at 1), or beyond, in Pillow's float32 steps: truncated, clipped at 0 and 255
 * (src/libImaging/Blend.c).
 */
const blend = (from: number, to: number, factor: number): number =>
  Math.trunc(Math.min(Math.max(Math.fround(from + Math.fround(factor * (to - from))), 0), 255));

/** Every value replaced by what stands for it in a table of 256. */
export function lookUp(image: Bytes, table: ArrayLike<number>): Bytes {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = table[image.data[i]!]!;
  return { ...image, data };
}

/** From every value towards one constant, or away from it. */
function blendWith(image: Bytes, constant: number, factor: number): Bytes {
  const alpha = Math.fround(factor);
  return lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => blend(constant, value, alpha)),
  );
}

/** From every value of `other` towards that of the image, or beyond. */
function blendFrom(other: Uint8Array, image: Bytes, factor: number): Bytes {
  const alpha = Math.fround(factor);
  const data = new Uint8Array(other.length);
  for (let i = 0; i < data.length; i++) data[i] = blend(other[i]!, image.data[i]!, alpha);
  return { ...image, data };
}

const grey = ({ data, width, height, channels }: Bytes): Uint8Array =>
  toGrey({ data, width, height, channels: channels as 1 | 3 }).data as Uint8Array;

/** 0: black. 1: the image. torchvision's `adjust_brightness` of a PIL image, to the bit, as all that follow. */
export const adjustBrightness = (image: Bytes, factor: number): Bytes => blendWith(image, 0, factor);

/** 0: the mean grey of the image. 1: the image. */
export function adjustContrast(image: Bytes, factor: number): Bytes {
  let sum = 0;
  for (const value of grey(image)) sum += value;
  return blendWith(image, Math.trunc(sum / (image.width * image.height) + 0.5), factor);
}

/** 0: grey. 1: the image. */
export function adjustSaturation(image: Bytes, factor: number): Bytes {
  if (image.channels === 1) return image;
  const luma = grey(image);
  return blendFrom(
    image.data.map((_, i) => luma[Math.floor(i / 3)]!),
    image,
    factor,
  );
}

/** Pillow's SMOOTH filter in its float32 steps; the border stays as it is. */
function smooth({ data, width, height, channels }: Bytes): Uint8Array {
  const out = copyOf(data);
  const [side, middle] = [Math.fround(1 / 13), Math.fround(5 / 13)];
  const { fround } = Math;
  const line = width * channels;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * line + channels; i < (y + 1) * line - channels; i++) {
      let sum = 0.5;
      // Pillow's rows go from the lower to the upper.
      for (const row of [i + line, i, i - line]) {
        const three = fround(
          fround(fround(data[row - channels]! * side) + fround(data[row]! * (row === i ? middle : side))) +
            fround(data[row + channels]! * side),
        );
        sum = fround(sum + three);
      }
      out[i] = Math.min(Math.trunc(sum), 255);
    }
  return out;
}

/** 0: smoothed. 1: the image. 2: sharpened. */
export const adjustSharpness = (image: Bytes, factor: number): Bytes => blendFrom(smooth(image), image, factor);
