import type { DecodedImage } from './image.js';

/** Fractional bits of the coefficients: a sum of 8-bit values times coefficients fits 32 bits. */
const PRECISION_BITS = 32 - 8 - 2;
const ONE = 1 << PRECISION_BITS;
const HALF = 1 << (PRECISION_BITS - 1);

/** Rectangle of the resized image, in pixels of the resized image. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Filter of one axis. For each output position: the first input position that counts (`first`), the number of positions
 * that count, and their weights.
 */
interface Filter {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Length of each output position's slice of `weights`. */
  readonly stride: number;
}

/** Returns the triangle filter for outputs `from` to `to - 1` of a line of `inSize` pixels resized to `outSize`. */
function triangle(inSize: number, outSize: number, from: number, to: number): Filter {
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

/** Returns a weighted sum as a byte. Weights are not negative, so only the upper bound needs clipping. */
const toByte = (sum: number): number => Math.min(sum >> PRECISION_BITS, 255);

/**
 * Filters all rows along x. Returns RGB.
 *
 * @param left Column of the whole line, to which the filter refers, that is the image's first column.
 */
function filterRowsRgb({ data, width, height, channels }: DecodedImage, left: number, filter: Filter): Uint8Array {
  const { first, count, weights, stride } = filter;
  const columns = first.length;
  const out = new Uint8Array(height * columns * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const line = y * width - left;
    for (let x = 0; x < columns; x++) {
      let at = (line + first[x]!) * channels;
      let r = HALF;
      let g = HALF;
      let b = HALF;
      const start = x * stride;
      const end = start + count[x]!;
      for (let k = start; k < end; k++, at += channels) {
        const weight = weights[k]!;
        r = (r + Math.imul(data[at]!, weight)) | 0;
        g = (g + Math.imul(data[at + 1]!, weight)) | 0;
        b = (b + Math.imul(data[at + 2]!, weight)) | 0;
      }
      out[to++] = toByte(r);
      out[to++] = toByte(g);
      out[to++] = toByte(b);
    }
  }
  return out;
}

/** Filters all rows of a grey image along x, as `filterRowsRgb` does. */
function filterRowsGrey({ data, width, height }: DecodedImage, left: number, filter: Filter): Uint8Array {
  const { first, count, weights, stride } = filter;
  const columns = first.length;
  const out = new Uint8Array(height * columns);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const line = y * width - left;
    for (let x = 0; x < columns; x++) {
      let at = line + first[x]!;
      let sum = HALF;
      const start = x * stride;
      const end = start + count[x]!;
      for (let k = start; k < end; k++) sum = (sum + Math.imul(data[at++]!, weights[k]!)) | 0;
      out[to++] = toByte(sum);
    }
  }
  return out;
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

/**
 * Filters all columns along y. The image has no alpha.
 *
 * @param top Row of the whole column, to which the filter refers, that is the image's first row.
 */
function filterColumns({ data, width, channels }: DecodedImage, top: number, filter: Filter): Uint8Array {
  const { first, count, weights, stride } = filter;
  const length = width * channels;
  const out = new Uint8Array(first.length * length);
  const sums = new Int32Array(length);
  for (let y = 0; y < first.length; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const line = (first[y]! - top + k) * length;
      for (let x = 0; x < length; x++) sums[x] = (sums[x]! + Math.imul(data[line + x]!, weight)) | 0;
    }
    for (let x = 0; x < length; x++) out[y * length + x] = toByte(sums[x]!);
  }
  return out;
}

/** Returns the range of input positions that a filter reads: `from` (inclusive) to `to` (exclusive). */
function spanOf({ first, count }: Filter): [from: number, to: number] {
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
  const filterRows = channels === 1 ? filterRowsGrey : filterRowsRgb;
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
    current = pass(filterRows(lines, 0, columns), outWidth, y1 - y0);
  } else current = pass(cut(image, { left: x0, top: y0, width: x1 - x0, height: y1 - y0 }), x1 - x0, y1 - y0);
  if (rows) current = pass(filterColumns(current, y0, rows), current.width, outHeight);
  if (columns && !rowsLast) current = pass(filterRows(current, x0, columns), outWidth, outHeight);
  return current;
}
