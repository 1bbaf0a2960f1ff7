import { isBytes } from '../../../bytes.js';
import type { PixelImage } from '../augment.js';

/** `count` values, all 0, of the image's kind. */
const blank = ({ data }: PixelImage, count: number): PixelImage['data'] =>
  isBytes(data) ? new Uint8Array(count) : new Float32Array(count);

/**
 * The part of `width` x `height` pixels whose first is in column `left` and row `top`; where it reaches beyond the
 * image, 0.
 */
export function crop(image: PixelImage, left: number, top: number, width: number, height: number): PixelImage {
  const { data, channels } = image;
  const out = blank(image, height * width * channels);
  const from = Math.max(0, left);
  const to = Math.min(image.width, left + width);
  for (let row = Math.max(0, top); from < to && row < Math.min(image.height, top + height); row++) {
    const line = row * image.width;
    const target = ((row - top) * width + from - left) * channels;
    out.set(data.subarray((line + from) * channels, (line + to) * channels), target);
  }
  return { data: out, width, height, channels };
}

/** Left and right exchanged. */
export function flipHorizontally(image: PixelImage): PixelImage {
  const { data, width, height, channels } = image;
  const out = blank(image, data.length);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = width - 1; x >= 0; x--)
      for (let at = (y * width + x) * channels, end = at + channels; at < end; at++) out[to++] = data[at]!;
  return { ...image, data: out };
}

/** Top and bottom exchanged. */
export function flipVertically(image: PixelImage): PixelImage {
  const { data, width, height, channels } = image;
  const out = blank(image, data.length);
  const line = width * channels;
  for (let y = 0; y < height; y++) out.set(data.subarray(y * line, (y + 1) * line), (height - 1 - y) * line);
  return { ...image, data: out };
}

/**
 * Where each pixel of the result comes from, in pixels from the upper left corner:
 * x' = a x + b y + c, y' = d x + e y + f.
 */
export type InverseAffine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Coordinates are integers in units of 2^-16. */
const ONE = 2 ** 16;
const fixed = (value: number): number => Math.floor(value * ONE + 0.5);

/**
 * Moves every pixel by an affine map, nearest neighbour, 0 where nothing is mapped: Pillow's
 * `transform(size, AFFINE, matrix, NEAREST)` to the bit, in its fixed-point arithmetic (src/libImaging/Geometry.c,
 * affine_fixed, which it uses below 32,768 pixels a side).
 */
export function affine(image: PixelImage, [a, b, c, d, e, f]: InverseAffine): PixelImage {
  const { data, width, height, channels } = image;
  const out = blank(image, data.length);
  const [stepA, stepB, stepD, stepE] = [fixed(a), fixed(b), fixed(d), fixed(e)];
  const left = fixed(c + a * 0.5 + b * 0.5);
  const top = fixed(f + d * 0.5 + e * 0.5);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const column = Math.floor((left + stepA * x + stepB * y) / ONE);
      const row = Math.floor((top + stepD * x + stepE * y) / ONE);
      if (column < 0 || column >= width || row < 0 || row >= height) continue;
      const from = (row * width + column) * channels;
      const to = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) out[to + channel] = data[from + channel]!;
    }
  return { ...image, data: out };
}

/** Moves the image to the right and down by whole pixels; torchvision's `affine(translate=…)`. */
export const translate = (image: PixelImage, right: number, down: number): PixelImage =>
  crop(image, -right, -down, image.width, image.height);

/**
 * Shears about the upper left corner: a pixel moves right by `alongX` times its height from the top, and down by
 * `alongY` times its distance from the left; torchvision's `affine(shear=…, center=[0, 0])`, as its AutoAugment
 * policies use it.
 */
export const shear = (image: PixelImage, alongX: number, alongY: number): PixelImage =>
  affine(image, [1, alongX, 0, alongY, 1, 0]);

const round15 = (value: number): number => Number(value.toFixed(15));

/**
 * Rotates about the centre, counter-clockwise by `degrees`, the size unchanged: torchvision's `rotate` with its
 * defaults, to the bit (Pillow's `Image.rotate`).
 */
export function rotate(image: PixelImage, degrees: number): PixelImage {
  const { width, height } = image;
  const turn = ((degrees % 360) + 360) % 360;
  if (turn === 0) return image;
  if (turn === 180) return flipVertically(flipHorizontally(image));
  const angle = (-turn * Math.PI) / 180;
  const [cos, sin] = [round15(Math.cos(angle)), round15(Math.sin(angle))];
  const [x, y] = [width / 2, height / 2];
  return affine(image, [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y]);
}
