import { type LineFilter, lineFilters } from '@cnnzoo/kernels/resize';
import type { DecodedImage } from './image.js';
import { PRECISION_BITS, scriptFilters } from './resize-script.js';

const ONE = 1 << PRECISION_BITS;

/** Rectangle of the resized image, in pixels of the resized image. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Returns the triangle filter for outputs `from` to `to - 1` of a line of `inSize` pixels resized to `outSize`. */
function triangle(inSize: number, outSize: number, from: number, to: number): LineFilter {
  const scale = inSize / outSize;
  // Enlarging interpolates between neighbours. Shrinking widens the triangle, so that no pixel is skipped.
  const support = Math.max(scale, 1);
  const perInput = 1 / support;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to - from);
  const count = new Int32Array(to - from);
  const weights = new Int32Array((to - from) * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < to - from; i++) {
    const centre = (from + i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const high = Math.min(Math.trunc(centre + support + 0.5), inSize);
    let sum = 0;
    for (let k = 0; k < high - low; k++) {
      const distance = Math.abs((low + k - centre + 0.5) * perInput);
      exact[k] = distance < 1 ? 1 - distance : 0;
      sum += exact[k]!;
    }
    first[i] = low;
    count[i] = high - low;
    for (let k = 0; k < high - low; k++) {
      const weight = sum === 0 ? exact[k]! : exact[k]! / sum;
      weights[i * stride + k] = Math.trunc(0.5 + weight * ONE);
    }
  }
  return { first, count, weights, stride };
}

/** Returns a rectangle of an image, without its alpha. */
function cut({ data, width, channels }: DecodedImage, { left, top, width: columns, height: rows }: Region): Uint8Array {
  const kept = channels === 1 ? 1 : 3;
  const out = new Uint8Array(rows * columns * kept);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    let at = ((top + y) * width + left) * channels;
    for (let x = 0; x < columns; x++, at += channels) for (let c = 0; c < kept; c++) out[to++] = data[at + c]!;
  }
  return out;
}

/** Returns the range of input positions that a filter reads: `from` (inclusive) to `to` (exclusive). */
function spanOf({ first, count }: LineFilter): [from: number, to: number] {
  const last = first.length - 1;
  return [first[0]!, first[last]! + count[last]!];
}

/**
 * Resizes an image to `width` x `height` by Pillow's antialiased bilinear filter, bit for bit: a triangle with
 * fixed-point weights along x, rounded to bytes, then along y (Pillow's src/libImaging/Resample.c, 8-bit path). An axis
 * whose length stays the same is not filtered.
 *
 * Since Pillow 13, y comes first if the height loses more than twice as many pixels as the width. That can be so for
 * pictures more than twice as high as wide; there, older versions of Pillow differ by the rounding between the passes.
 *
 * @param region Part of the resized image to compute. Default: all of it.
 * @returns a grey image for a grey one, else RGB.
 */
export function resize(
  image: DecodedImage,
  width: number,
  height: number,
  region: Region = { left: 0, top: 0, width, height },
): DecodedImage {
  const { left, top, width: outWidth, height: outHeight } = region;
  const channels = image.channels === 1 ? 1 : 3;
  const filters = lineFilters() ?? scriptFilters;
  const columns = width === image.width ? null : triangle(image.width, width, left, left + outWidth);
  const rows = height === image.height ? null : triangle(image.height, height, top, top + outHeight);
  const [x0, x1] = columns ? spanOf(columns) : [left, left + outWidth];
  const [y0, y1] = rows ? spanOf(rows) : [top, top + outHeight];
  const lostRows = image.height - height;
  const rowsLast = !(lostRows > 0 && lostRows > 2 * (image.width - width));

  let current: DecodedImage;
  const pass = (data: Uint8Array, width: number, height: number): DecodedImage => ({ data, width, height, channels });
  if (columns && rowsLast) {
    const lines = { ...image, data: image.data.subarray(y0 * image.width * image.channels), height: y1 - y0 };
    current = pass(filters.rows(lines, 0, columns), outWidth, y1 - y0);
  } else current = pass(cut(image, { left: x0, top: y0, width: x1 - x0, height: y1 - y0 }), x1 - x0, y1 - y0);
  if (rows) current = pass(filters.columns(current, y0, rows), current.width, outHeight);
  if (columns && !rowsLast) current = pass(filters.rows(current, x0, columns), outWidth, outHeight);
  return current;
}
