import { toGrey } from '../../images/index.js';
import { CnnzooError, checkOptions, copyOf, type Random } from '../../util/index.js';
import {
  type Augment,
  checkRange,
  type PixelImage,
  type Range,
  requireBytes,
  uniformIn,
  withRecipe,
} from './augment.js';

const { fround } = Math;

export type Bytes = PixelImage<Uint8Array>;

/**
 * Blends two bytes: `from` at factor 0, `to` at 1, extrapolated beyond. Uses Pillow's float32 steps: truncated, clipped
 * to 0..255 (src/libImaging/Blend.c).
 */
const blend = (from: number, to: number, factor: number): number =>
  Math.trunc(Math.min(Math.max(Math.fround(from + Math.fround(factor * (to - from))), 0), 255));

/** Replaces every value by its entry in a table of 256. */
function lookUp(image: Bytes, table: ArrayLike<number>): Bytes {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = table[image.data[i]!]!;
  return { ...image, data };
}

/** Blends a constant (factor 0) with every value of the image (1). */
function blendWith(image: Bytes, constant: number, factor: number): Bytes {
  const alpha = Math.fround(factor);
  return lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => blend(constant, value, alpha)),
  );
}

/** Blends every value of `other` (factor 0) with that of the image (1). */
function blendFrom(other: Uint8Array, image: Bytes, factor: number): Bytes {
  const alpha = Math.fround(factor);
  const data = new Uint8Array(other.length);
  for (let i = 0; i < data.length; i++) data[i] = blend(other[i]!, image.data[i]!, alpha);
  return { ...image, data };
}

const grey = ({ data, width, height, channels }: Bytes): Uint8Array =>
  toGrey({ data, width, height, channels: channels as 1 | 3 }).data as Uint8Array;

/** Changes the brightness, bit for bit as torchvision's `adjust_brightness` of a PIL image. 0: black. 1: the image. */
export const adjustBrightness = (image: Bytes, factor: number): Bytes => blendWith(image, 0, factor);

/**
 * Changes the contrast, bit for bit as torchvision's `adjust_contrast` of a PIL image. 0: the mean grey of the image.
 * 1: the image.
 */
export function adjustContrast(image: Bytes, factor: number): Bytes {
  let sum = 0;
  for (const value of grey(image)) sum += value;
  return blendWith(image, Math.trunc(sum / (image.width * image.height) + 0.5), factor);
}

/** Changes the saturation, bit for bit as torchvision's `adjust_saturation` of a PIL image. 0: grey. 1: the image. */
export function adjustSaturation(image: Bytes, factor: number): Bytes {
  if (image.channels === 1) return image;
  const luma = grey(image);
  return blendFrom(
    image.data.map((_, i) => luma[Math.floor(i / 3)]!),
    image,
    factor,
  );
}

/** Applies Pillow's SMOOTH filter in its float32 steps. The border stays as it is. */
function smooth({ data, width, height, channels }: Bytes): Uint8Array {
  const out = copyOf(data);
  const [side, middle] = [Math.fround(1 / 13), Math.fround(5 / 13)];
  const line = width * channels;
  for (let y = 1; y < height - 1; y++)
    for (let i = y * line + channels; i < (y + 1) * line - channels; i++) {
      let sum = 0.5;
      // Pillow adds the lower row first.
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

/**
 * Changes the sharpness, bit for bit as torchvision's `adjust_sharpness` of a PIL image. 0: smoothed. 1: the image. 2:
 * sharpened.
 */
export const adjustSharpness = (image: Bytes, factor: number): Bytes => blendFrom(smooth(image), image, factor);

/** Rounds a float that is not negative to a byte, halves up, as C's `(UINT8)round(value)`. */
const toByte = (value: number): number => Math.min(Math.floor(value + 0.5), 255);

/**
 * Turns the hue by `factor` of the whole circle, -0.5 to 0.5, bit for bit as torchvision's `adjust_hue` of a PIL image.
 * In between, hue and saturation are bytes, computed in the float32 steps of Pillow's src/libImaging/Convert.c
 * (rgb2hsv_row and hsv2rgb). A grey image has no hue, and stays.
 */
export function adjustHue(image: PixelImage<Uint8Array>, factor: number): PixelImage<Uint8Array> {
  if (image.channels === 1) return image;
  const { data } = image;
  const out = new Uint8Array(data.length);
  const turn = Math.trunc(factor * 255);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    const value = Math.max(r, g, b);
    const span = value - Math.min(r, g, b);
    const saturation = span === 0 ? 0 : Math.min(Math.trunc(fround(span / value) * 255), 255);
    if (saturation === 0) {
      out.fill(value, i, i + 3);
      continue;
    }
    const hue = (hueByte(r, g, b, value, span) + turn) & 255;
    const sixth = Math.floor(fround((hue * 6) / 255));
    const rest = fround((hue * 6) / 255 - sixth);
    const s = fround(saturation / 255);
    const p = toByte(fround(value * (1 - s)));
    const q = toByte(fround(value * (1 - s * rest)));
    const t = toByte(fround(value * (1 - s * (1 - rest))));
    const [red, green, blue] = SIXTHS[sixth % 6]!(value, p, q, t);
    out[i] = red;
    out[i + 1] = green;
    out[i + 2] = blue;
  }
  return { ...image, data: out };
}

type Sixth = (v: number, p: number, q: number, t: number) => readonly [number, number, number];

const SIXTHS: readonly Sixth[] = [
  (v, p, _q, t) => [v, t, p],
  (v, p, q) => [q, v, p],
  (v, p, _q, t) => [p, v, t],
  (v, p, q) => [p, q, v],
  (v, p, _q, t) => [t, p, v],
  (v, p, q) => [v, p, q],
];

function hueByte(r: number, g: number, b: number, value: number, span: number): number {
  const [red, green, blue] = [r, g, b].map((channel) => fround((value - channel) / span)) as [number, number, number];
  let h: number;
  if (r === value) h = fround(blue - green);
  else if (g === value) h = fround(2 + red - blue);
  else h = fround(4 + green - red);
  h = fround((h / 6 + 1) % 1);
  return Math.min(Math.trunc(h * 255), 255);
}

/** Keeps the `bits` highest bits of every value (0 to 8), as torchvision's `posterize` of a PIL image. */
export function posterize(image: Bytes, bits: number): Bytes {
  const mask = 0xff & ~(2 ** (8 - bits) - 1);
  return lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => value & mask),
  );
}

/** Inverts the values that are at least `threshold`, as torchvision's `solarize` of a PIL image. */
export const solarize = (image: Bytes, threshold: number): Bytes =>
  lookUp(
    image,
    Uint8Array.from({ length: 256 }, (_, value) => (value < threshold ? value : 255 - value)),
  );

/** Maps each channel by a table made from the channel's histogram. */
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

/** Stretches each channel to the whole range of 0 to 255, as torchvision's `autocontrast` of a PIL image. */
export const autocontrast = (image: Bytes): Bytes =>
  byHistogram(image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return null;
    const scale = 255 / (high - low);
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.trunc(value * scale - low * scale));
  });

/** Makes the histogram of each channel as even as its values allow, as torchvision's `equalize` of a PIL image. */
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

/** Options of `colorJitter`. What is absent stays as it is. */
export interface ColorJitterOptions {
  /** Range of the factor, or a number b for the range [max(0, 1 - b), 1 + b]. */
  brightness?: number | Range;
  /** Range of the factor, or a number, as for `brightness`. */
  contrast?: number | Range;
  /** Range of the factor, or a number, as for `brightness`. */
  saturation?: number | Range;
  /** Range of the turn, as a fraction of the whole circle, within -0.5 to 0.5; or a number h for the range [-h, h]. */
  hue?: number | Range;
}

type Adjust = (image: PixelImage<Uint8Array>, factor: number) => PixelImage<Uint8Array>;

const ADJUST: Readonly<Record<keyof ColorJitterOptions, { by: Adjust; around: 0 | 1; bounds: Range }>> = {
  brightness: { by: adjustBrightness, around: 1, bounds: [0, Number.MAX_VALUE] },
  contrast: { by: adjustContrast, around: 1, bounds: [0, Number.MAX_VALUE] },
  saturation: { by: adjustSaturation, around: 1, bounds: [0, Number.MAX_VALUE] },
  hue: { by: adjustHue, around: 0, bounds: [-0.5, 0.5] },
};

/**
 * Changes brightness, contrast, saturation and hue by random factors, in random order, as torchvision's ColorJitter. A
 * grey image has no saturation and no hue to change.
 *
 * @returns an augmentation of images of bytes, grey or RGB.
 * @throws CnnzooError INPUT for a range out of bounds or an unknown option.
 * @example
 * ```ts
 * import { colorJitter } from '@cnnzoo/core/data';
 *
 * const augment = colorJitter({ brightness: 0.4, contrast: [0.8, 1.2], hue: 0.1 });
 * ```
 */
export function colorJitter(options: ColorJitterOptions): Augment {
  checkOptions('colorJitter', options, Object.keys(ADJUST));
  const changes = (Object.keys(ADJUST) as (keyof ColorJitterOptions)[]).flatMap((name) => {
    const given = options[name];
    if (given === undefined || given === 0) return [];
    const { by, around, bounds } = ADJUST[name];
    if (typeof given === 'number') checkRange(`colorJitter: ${name}`, [0, given], [0, bounds[1]]);
    const least = around === 1 ? 0 : Number.NEGATIVE_INFINITY;
    const range: Range = typeof given === 'number' ? [Math.max(least, around - given), around + given] : given;
    checkRange(`colorJitter: ${name}`, range, bounds);
    return [(image: PixelImage<Uint8Array>, random: Random) => by(image, uniformIn(range, random))];
  });
  return withRecipe('colorJitter', [options], (image, random) =>
    random
      .shuffle([...changes])
      .reduce((changed, change) => change(changed, random), requireBytes('colorJitter', image)),
  );
}

/**
 * Principal components of the RGB values of ImageNet's training images on the scale 0 to 1, as computed for
 * fb.resnet.torch (datasets/imagenet.lua). Rows are R, G and B, columns are components.
 */
const EIGENVALUES = [0.2175, 0.0188, 0.0045] as const;
const EIGENVECTORS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;

/**
 * Adds, to every pixel, the sum of the components times their eigenvalues times `alphas`. The result is rounded and
 * clipped.
 */
export function addLighting(image: PixelImage<Uint8Array>, alphas: ArrayLike<number>): PixelImage<Uint8Array> {
  const tables = EIGENVECTORS.map((row) => {
    const offset = 255 * row.reduce((sum, value, i) => sum + value * EIGENVALUES[i]! * alphas[i]!, 0);
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.floor(value + offset + 0.5));
  });
  return { ...image, data: image.data.map((value, i) => tables[i % 3]![value]!) };
}

/**
 * Changes intensity and colour of the light, as in AlexNet (Krizhevsky, Sutskever and Hinton, 2012, section 4.1): adds
 * the principal components of ImageNet's colours, each times its eigenvalue and a normal deviate.
 *
 * @param std Standard deviation of the deviates, at least 0. Default: 0.1, as in the paper.
 * @returns an augmentation of RGB images of bytes.
 * @throws CnnzooError INPUT for a negative `std`.
 * @example
 * ```ts
 * import { compose, horizontalFlip, pcaLighting, randomResizedCrop } from '@cnnzoo/core/data';
 *
 * const augment = compose(randomResizedCrop(224), horizontalFlip(), pcaLighting());
 * ```
 */
export function pcaLighting(std = 0.1): Augment {
  if (!(std >= 0 && Number.isFinite(std)))
    throw new CnnzooError('INPUT', `pcaLighting: expected a standard deviation of at least 0, received ${std}.`);
  return withRecipe('pcaLighting', [std], (image, random) => {
    const bytes = requireBytes('pcaLighting', image);
    if (bytes.channels !== 3)
      throw new CnnzooError('INPUT', 'pcaLighting: expected an RGB image, received a grey one.');
    return addLighting(bytes, random.fillNormal(new Float32Array(3), 0, std));
  });
}
