import { CnnzooError } from '../util/index.js';
import { type DecodedImage, toGrey } from './image.js';
import { resize } from './resize.js';

/** From pixels to what a net was trained on: torchvision's ImageClassification transform. */
export interface Preprocessing {
  /** The shorter side after resizing, in pixels; null where the image is resized straight to the crop. */
  readonly resize: number | null;
  /** Height and width of the centre crop, in pixels. */
  readonly crop: readonly [height: number, width: number];
  /** RGB or grey. */
  readonly channels: 1 | 3;
  /** Per channel, on the scale 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly interpolation: 'bilinear';
}

/** Python's round for what is a half of an integer: halves to the even neighbour. */
function half(n: number): number {
  const floor = Math.floor(n / 2);
  return n % 2 === 0 || floor % 2 === 0 ? floor : floor + 1;
}

/** How one axis is cropped: what of the resized image is taken, and where in the crop it goes. */
function cropAxis(size: number, crop: number): { from: number; length: number; to: number } {
  return size < crop
    ? { from: 0, length: size, to: Math.floor((crop - size) / 2) }
    : { from: half(size - crop), length: crop, to: 0 };
}

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
 * What each byte becomes, per channel, in torch's float32 steps: divided by 255, less the mean, divided by the
 * standard deviation. A table of 256 values gives what the arithmetic gives.
 */
export function normalised({ channels, mean, std }: Preprocessing): Float32Array[] {
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) =>
      Math.fround(Math.fround(Math.fround(byte / 255) - Math.fround(mean[c]!)) / Math.fround(std[c]!)),
    ),
  );
}

/**
 * Writes one image, preprocessed, to `out` from `offset`: [height, width, channels].
 *
 * @param tables of `normalised`.
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
  // Where the image is smaller than the crop, the rest is black: byte 0, normalised like any other.
  if (y.length < crop[0] || x.length < crop[1])
    for (let i = 0; i < crop[0] * crop[1] * channels; i++) out[offset + i] = tables[i % channels]![0]!;
  const step = resized.channels === 1 ? 0 : 1;
  let at = 0;
  for (let row = 0; row < y.length; row++) {
    let i = offset + ((y.to + row) * crop[1] + x.to) * channels;
    for (let column = 0; column < x.length; column++, at += resized.channels)
      for (let c = 0; c < channels; c++) out[i++] = tables[c]![resized.data[at + c * step]!]!;
  }
}

export function checkPreprocessing({ channels, mean, std }: Preprocessing): void {
  if (mean.length !== channels || std.length !== channels || !std.every((value) => value > 0))
    throw new CnnzooError(
      'INPUT',
      `preprocess: expected ${channels} means and as many standard deviations above 0, received ` +
        `mean [${mean.join(', ')}] and std [${std.join(', ')}].`,
    );
}
