import type { LineFilter, LineFilters, Lines } from '@cnnzoo/kernels/resize';

/** Fractional bits of the weights: a sum of 8-bit values times weights fits 32 bits. */
export const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** Returns a weighted sum as a byte. Weights are not negative, so only the upper bound needs clipping. */
const toByte = (sum: number): number => Math.min(sum >> PRECISION_BITS, 255);

/** Filters all rows of an image along x. */
function filterRows({ data, width, height, channels }: Lines, left: number, filter: LineFilter): Uint8Array {
  const { first, count, weights, stride } = filter;
  const kept = channels === 1 ? 1 : 3;
  const out = new Uint8Array(height * first.length * kept);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < first.length; x++)
      for (let c = 0; c < kept; c++) {
        let at = (y * width - left + first[x]!) * channels + c;
        let sum = HALF;
        for (let k = 0; k < count[x]!; k++, at += channels)
          sum = (sum + Math.imul(data[at]!, weights[x * stride + k]!)) | 0;
        out[to++] = toByte(sum);
      }
  return out;
}

/** Filters all columns of an image along y. */
function filterColumns({ data, width, channels }: Lines, top: number, filter: LineFilter): Uint8Array {
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

/** The filters of `lineFilters` in JavaScript, for runtimes that compile no WebAssembly. */
export const scriptFilters: LineFilters = { rows: filterRows, columns: filterColumns };
