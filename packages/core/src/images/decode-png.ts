import type { PngHeader } from './containers/container.js';
import type { DecodedImage } from './decoded.js';
import { inflate } from './inflate.js';

/** Samples of a pixel, as they are stored. */
const SAMPLES = { grey: 1, rgb: 3, palette: 1, 'grey-alpha': 2, 'rgb-alpha': 4 } as const;

/** More than zlib can make of a byte (1032), so that memory is taken for no more than a stream can fill. */
const MOST_OF_A_BYTE = 1100;

/** Pixels of the image that are stored together: every `stepX`th of every `stepY`th row, from (x, y) on. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

/** Adam7's passes: PNG specification, third edition, section 8.1. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, interlaced }: PngHeader): Pass[] {
  if (!interlaced) return [{ x: 0, y: 0, stepX: 1, stepY: 1, width, height }];
  return ADAM7.map(([x, y, stepX, stepY]) => ({
    x,
    y,
    stepX,
    stepY,
    width: Math.ceil((width - x) / stepX),
    height: Math.ceil((height - y) / stepY),
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}

/** The nearest of left, upper and upper left to left + upper - upper left: section 9.4. */
function paeth(left: number, upper: number, upperLeft: number): number {
  const estimate = left + upper - upperLeft;
  const a = Math.abs(estimate - left);
  const b = Math.abs(estimate - upper);
  const c = Math.abs(estimate - upperLeft);
  if (a <= b && a <= c) return left;
  return b <= c ? upper : upperLeft;
}

/**
 * Undoes the filter of a row in place (section 9.2).
 *
 * @param above the row before, or zeros.
 * @param step bytes from a pixel's to the same of the pixel before it.
 */
function unfilter(type: number, row: Uint8Array, above: Uint8Array, step: number): void {
  const { length } = row;
  if (type === 1) for (let i = step; i < length; i++) row[i]! += row[i - step]!;
  else if (type === 2) for (let i = 0; i < length; i++) row[i]! += above[i]!;
  else if (type === 3) {
    for (let i = 0; i < step; i++) row[i]! += above[i]! >> 1;
    for (let i = step; i < length; i++) row[i]! += (row[i - step]! + above[i]!) >> 1;
  } else if (type === 4) {
    for (let i = 0; i < step; i++) row[i]! += above[i]!;
    for (let i = step; i < length; i++) row[i]! += paeth(row[i - step]!, above[i]!, above[i - step]!);
  } else if (type !== 0) throw new Error(`its rows have the unknown filter ${type}`);
}

/** The samples of a row of 8 bits or fewer, each as it is stored. */
function unpack(row: Uint8Array, depth: number, out: Uint8Array): void {
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  for (let i = 0; i < out.length; i++)
    out[i] = (row[Math.floor(i / perByte)]! >> (8 - depth * ((i % perByte) + 1))) & mask;
}

/** Makes what writes a row's pixels, grey or RGB, to `out` from `to`, `step` bytes apart. */
function writerOf({ colour, depth, palette }: PngHeader, out: Uint8Array) {
  const sample = depth === 16 ? 2 : 1;
  const stored = SAMPLES[colour] * sample;
  if (colour === 'palette') {
    // An index beyond the palette's end is black.
    const table = new Uint8Array(3 * 256);
    table.set(palette!.subarray(0, table.length));
    return (row: Uint8Array, count: number, to: number, step: number): void => {
      for (let i = 0; i < count; i++, to += step) {
        const from = 3 * row[i]!;
        out[to] = table[from]!;
        out[to + 1] = table[from + 1]!;
        out[to + 2] = table[from + 2]!;
      }
    };
  }
  if (SAMPLES[colour] >= 3)
    return (row: Uint8Array, count: number, to: number, step: number): void => {
      for (let i = 0, from = 0; i < count; i++, to += step, from += stored) {
        out[to] = row[from]!;
        out[to + 1] = row[from + sample]!;
        out[to + 2] = row[from + 2 * sample]!;
      }
    };
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  return (row: Uint8Array, count: number, to: number, step: number): void => {
    for (let i = 0, from = 0; i < count; i++, to += step, from += stored) out[to] = row[from]! * scale;
  };
}

/**
 * Decodes a PNG's pixels: alpha and tRNS are dropped, of 16 bits the high byte counts.
 *
 * @throws Error where the pixels are not all there, or damaged.
 */
export function decodePng(header: PngHeader): DecodedImage {
  const { width, height, depth, colour, data } = header;
  const bits = depth * SAMPLES[colour];
  const lineOf = (pass: Pass): number => Math.ceil((pass.width * bits) / 8);
  const passes = passesOf(header);
  const needed = passes.reduce((sum, pass) => sum + pass.height * (1 + lineOf(pass)), 0);
  const compressed = data.reduce((sum, { length }) => sum + length, 0);
  if (needed > MOST_OF_A_BYTE * compressed) throw new Error('its pixels are not all there (truncated)');
  const { data: raw, status } = inflate(data, needed);
  if (status === 'damaged') throw new Error('its compressed pixels are damaged');
  if (raw.length < needed) throw new Error('its pixels are not all there (truncated)');
  const channels = colour === 'grey' || colour === 'grey-alpha' ? 1 : 3;
  const out = new Uint8Array(width * height * channels);
  const write = writerOf(header, out);
  const pixel = Math.max(1, bits / 8);
  let at = 0;
  for (const pass of passes) {
    const line = lineOf(pass);
    const samples = depth < 8 ? new Uint8Array(pass.width) : undefined;
    let above = new Uint8Array(line);
    for (let y = 0; y < pass.height; y++, at += 1 + line) {
      const row = raw.subarray(at + 1, at + 1 + line) as Uint8Array<ArrayBuffer>;
      unfilter(raw[at]!, row, above, pixel);
      if (samples) unpack(row, depth, samples);
      const to = ((pass.y + y * pass.stepY) * width + pass.x) * channels;
      write(samples ?? row, pass.width, to, pass.stepX * channels);
      above = row;
    }
  }
  return { data: out, width, height, channels };
}
