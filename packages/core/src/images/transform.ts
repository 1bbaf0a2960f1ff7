import { CnnzooError, shownValue } from '../util/index.js';
import { type DecodedImage, toGrey } from './image.js';
import { resize } from './resize.js';

/** Settings of the transform from pixels to a net's input, as of torchvision's ImageClassification transform. */
export interface Preprocessing {
  /** Length of the shorter side after resizing, in pixels. null if the image is resized straight to `crop`. */
  readonly resize: number | null;
  /** Height and width of the centre crop, in pixels. */
  readonly crop: readonly [height: number, width: number];
  /** 1: grey. 3: RGB. */
  readonly channels: 1 | 3;
  /** Mean of each channel, with pixels on the scale 0 to 1. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel, with pixels on the scale 0 to 1. */
  readonly std: readonly number[];
  /** Filter of the resizing: Pillow's antialiased bilinear filter. */
  readonly interpolation: 'bilinear';
}

/** Returns n / 2 for an integer n, rounded half to even, as Python's `round`. */
function half(n: number): number {
  const floor = Math.floor(n / 2);
  return n % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/** Returns the crop of one axis: `length` pixels of the resized image, from `from`, go to the crop at `to`. */
function cropAxis(size: number, crop: number): { from: number; length: number; to: number } {
  return size < crop
    ? { from: 0, length: size, to: Math.floor((crop - size) / 2) }
    : { from: half(size - crop), length: crop, to: 0 };
}

/** Returns the size of the whole resized image. */
function resizedSize(
  { width, height }: DecodedImage,
  { resize, crop }: Preprocessing,
): [height: number, width: number] {
  if (resize === null) return [crop[0], crop[1]];
  const short = Math.min(width, height);
  const long = Math.trunc((resize * Math.max(width, height)) / short);
  return width <= height ? [long, resize] : [resize, long];
}

/**
 * Returns the normalised value of each byte, one table of 256 per channel: (byte / 255 - mean) / std, in torch's
 * float32 steps. A lookup in the table gives exactly the result of the arithmetic.
 */
export function normalised({ channels, mean, std }: Preprocessing): Float32Array[] {
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) =>
      Math.fround(Math.fround(Math.fround(byte / 255) - Math.fround(mean[c]!)) / Math.fround(std[c]!)),
    ),
  );
}

/**
 * Writes one preprocessed image [height, width, channels] to `out` from `offset`.
 *
 * @param tables Result of `normalised` for the same preprocessing.
 */
export function prepare(
  out: Float32Array,
  offset: number,
  pixels: DecodedImage,
  to: Preprocessing,
  tables: Float32Array[],
) {
  const { crop, channels } = to;
  const image = channels === 1 ? toGrey(pixels) : pixels;
  const [height, width] = resizedSize(image, to);
  const y = cropAxis(height, crop[0]);
  const x = cropAxis(width, crop[1]);
  const resized = resize(image, width, height, { left: x.from, top: y.from, width: x.length, height: y.length });
  // An image smaller than the crop is surrounded by black: byte 0, normalised as any other.
  if (y.length < crop[0] || x.length < crop[1])
    for (let i = 0; i < crop[0] * crop[1] * channels; i++) out[offset + i] = tables[i % channels]![0]!;
  const { data, channels: stored } = resized;
  const step = stored === 1 ? 0 : 1;
  for (let c = 0; c < channels; c++) {
    const table = tables[c]!;
    let at = c * step;
    for (let row = 0; row < y.length; row++) {
      let i = offset + ((y.to + row) * crop[1] + x.to) * channels + c;
      for (let column = 0; column < x.length; column++, at += stored, i += channels) out[i] = table[data[at]!]!;
    }
  }
}

/**
 * Refuses a preprocessing whose means and deviations don't fit its channels.
 *
 * @throws CnnzooError INPUT.
 */
export function checkPreprocessing({ channels, mean, std }: Preprocessing): void {
  // A program in JavaScript may give any number.
  if (![1, 3].includes(channels))
    throw new CnnzooError('INPUT', `preprocess: expected 1 or 3 channels, received ${shownValue(channels)}.`);
  if (mean.length !== channels || std.length !== channels || !std.every((value) => value > 0))
    throw new CnnzooError(
      'INPUT',
      `preprocess: expected ${channels} means and as many standard deviations above 0, received ` +
        `mean [${mean.join(', ')}] and std [${std.join(', ')}].`,
    );
}
