import { resize } from '../../images/index.js';
import { CnnzooError, checkOptions, isBytes, type Random } from '../../util/index.js';
import {
  type Augment,
  checkProbability,
  checkRange,
  type PixelImage,
  type Range,
  requireBytes,
  uniformIn,
  withRecipe,
} from './augment.js';

/** Returns `count` zeros, bytes or floats as the image has. */
const blank = ({ data }: PixelImage, count: number): PixelImage['data'] =>
  isBytes(data) ? new Uint8Array(count) : new Float32Array(count);

/** Crops `width` x `height` pixels from column `left` and row `top`. Pixels beyond the image are 0. */
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

/** Exchanges left and right. */
export function flipHorizontally(image: PixelImage): PixelImage {
  const { data, width, height, channels } = image;
  const out = blank(image, data.length);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = width - 1; x >= 0; x--)
      for (let at = (y * width + x) * channels, end = at + channels; at < end; at++) out[to++] = data[at]!;
  return { ...image, data: out };
}

/** Exchanges top and bottom. */
export function flipVertically(image: PixelImage): PixelImage {
  const { data, width, height, channels } = image;
  const out = blank(image, data.length);
  const line = width * channels;
  for (let y = 0; y < height; y++) out.set(data.subarray(y * line, (y + 1) * line), (height - 1 - y) * line);
  return { ...image, data: out };
}

/**
 * Affine map from a pixel of the result (x, y) to its place in the image (x', y'), in pixels from the upper left
 * corner: x' = a x + b y + c, y' = d x + e y + f.
 */
export type InverseAffine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The number 1 in the units of coordinates: 2^-16. */
const ONE = 2 ** 16;
const fixed = (value: number): number => Math.floor(value * ONE + 0.5);

/**
 * Maps an image by an affine map with nearest neighbours. Pixels from beyond the image are 0. The result is, bit for
 * bit, that of Pillow's `transform(size, AFFINE, matrix, NEAREST)` in fixed-point arithmetic
 * (src/libImaging/Geometry.c, affine_fixed), which Pillow uses below 32,768 pixels a side.
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

/** Moves the image right and down by whole pixels, as torchvision's `affine(translate=…)`. */
export const translate = (image: PixelImage, right: number, down: number): PixelImage =>
  crop(image, -right, -down, image.width, image.height);

/**
 * Shears the image about the upper left corner. A pixel of the result comes from `alongX` times its row further right,
 * and `alongY` times its column further down. Same as torchvision's `affine(shear=…, center=[0, 0])` in its AutoAugment
 * policies.
 */
export const shear = (image: PixelImage, alongX: number, alongY: number): PixelImage =>
  affine(image, [1, alongX, 0, alongY, 1, 0]);

const round15 = (value: number): number => Number(value.toFixed(15));

/**
 * Rotates counter-clockwise about the centre by `degrees`, without changing the size. The result is, bit for bit, that
 * of torchvision's `rotate` with its defaults (Pillow's `Image.rotate`).
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

/**
 * Exchanges left and right with a probability, as torchvision's RandomHorizontalFlip.
 *
 * @param p Probability, 0 to 1. Default: 0.5.
 * @throws CnnzooError INPUT if `p` is no probability.
 * @example
 * ```ts
 * import { horizontalFlip } from '@cnnzoo/core/data';
 *
 * const augment = horizontalFlip();
 * ```
 */
export function horizontalFlip(p = 0.5): Augment {
  checkProbability('horizontalFlip', p);
  return withRecipe('horizontalFlip', [p], (image, random) => (random.uniform() < p ? flipHorizontally(image) : image));
}

/**
 * Exchanges top and bottom with a probability, as torchvision's RandomVerticalFlip.
 *
 * @param p Probability, 0 to 1. Default: 0.5.
 * @throws CnnzooError INPUT if `p` is no probability.
 * @example
 * ```ts
 * import { compose, horizontalFlip, verticalFlip } from '@cnnzoo/core/data';
 *
 * const augment = compose(horizontalFlip(), verticalFlip()); // for images without an up, such as of cells
 * ```
 */
export function verticalFlip(p = 0.5): Augment {
  checkProbability('verticalFlip', p);
  return withRecipe('verticalFlip', [p], (image, random) => (random.uniform() < p ? flipVertically(image) : image));
}

/**
 * Rotates about the centre by a random angle, as torchvision's RandomRotation(degrees): nearest neighbour, and 0 in the
 * corners that become free.
 *
 * @param degrees Largest angle: it is drawn evenly from -degrees to degrees.
 * @throws CnnzooError INPUT for a bad angle.
 * @example
 * ```ts
 * import { rotation } from '@cnnzoo/core/data';
 *
 * const augment = rotation(15);
 * ```
 */
export function rotation(degrees: number): Augment {
  if (!(degrees >= 0 && degrees <= 360))
    throw new CnnzooError('INPUT', `rotation: expected 0 to 360 degrees, received ${degrees}.`);
  return withRecipe('rotation', [degrees], (image, random) => rotate(image, uniformIn([-degrees, degrees], random)));
}

/**
 * Pads each side by zeros and crops at a random place, as torchvision's RandomCrop(size, padding=padding).
 *
 * @param padding Pixels added to each side, at least 0.
 * @param size Side of the crop in pixels. Default: the image keeps its height and width.
 * @throws CnnzooError INPUT for a bad padding or size; SHAPE, when it runs, if the padded image is smaller than the
 * crop.
 * @example
 * ```ts
 * import { compose, horizontalFlip, padAndCrop } from '@cnnzoo/core/data';
 *
 * const augment = compose(padAndCrop(4), horizontalFlip()); // as ResNet's paper trains on CIFAR-10
 * ```
 */
export function padAndCrop(padding: number, size?: number): Augment {
  if (!(Number.isInteger(padding) && padding >= 0))
    throw new CnnzooError('INPUT', `padAndCrop: expected a padding of 0, 1, 2, … pixels, received ${padding}.`);
  if (size !== undefined && !(Number.isInteger(size) && size >= 1))
    throw new CnnzooError('INPUT', `padAndCrop: expected a size of 1, 2, … pixels, received ${size}.`);
  return withRecipe('padAndCrop', size === undefined ? [padding] : [padding, size], (image, random) => {
    const { height, width } = image;
    const [down, right] = [height, width].map((side) => {
      const places = side + 2 * padding - (size ?? side) + 1;
      if (places < 1)
        throw new CnnzooError(
          'SHAPE',
          `padAndCrop: expected an image of at least ${size! - 2 * padding} pixels on each side, which a crop of ${size} ` +
            `and a padding of ${padding} need; received one of ${height} x ${width}.`,
        );
      return random.integer(places) - padding;
    });
    return crop(image, right!, down!, size ?? width, size ?? height);
  });
}

/** Options of `randomResizedCrop`. */
export interface RandomResizedCropOptions {
  /** Range of the crop's area, as a fraction of the image's. Default: [0.08, 1]. */
  scale?: Range;
  /** Range of the crop's width / height, drawn evenly on a logarithmic scale. Default: [3/4, 4/3]. */
  ratio?: Range;
}

/** Draws of a crop. If none fits, the middle of the image is taken. */
const TRIES = 10;

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Returns the largest crop in the middle of the image with a ratio in the range. */
function middle({ width, height }: PixelImage, [narrowest, widest]: Range): Rectangle {
  const ratio = width / height;
  const w = ratio > widest ? Math.round(height * widest) : width;
  const h = ratio < narrowest ? Math.round(width / narrowest) : height;
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

/** Draws the place of a crop, as torchvision's RandomResizedCrop.get_params. */
export function drawCrop(image: PixelImage, scale: Range, ratio: Range, random: Random): Rectangle {
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  for (let i = 0; i < TRIES; i++) {
    const area = image.width * image.height * uniformIn(scale, random);
    const aspect = Math.exp(uniformIn(logRatio, random));
    const width = Math.round(Math.sqrt(area * aspect));
    const height = Math.round(Math.sqrt(area / aspect));
    if (width === 0 || height === 0 || width > image.width || height > image.height) continue;
    const top = random.integer(image.height - height + 1);
    const left = random.integer(image.width - width + 1);
    return { left, top, width, height };
  }
  return middle(image, ratio);
}

/**
 * Crops a random part of the image and resizes it by Pillow's antialiased bilinear filter, as torchvision's
 * RandomResizedCrop: the "Inception crop" (Szegedy et al., 2014).
 *
 * @param size Height and width of the result in pixels, or one number for both.
 * @returns an augmentation of images of bytes, grey or RGB.
 * @throws CnnzooError INPUT for a bad size or range, or an unknown option.
 * @example
 * ```ts
 * import { randomResizedCrop } from '@cnnzoo/core/data';
 *
 * const augment = randomResizedCrop(224, { scale: [0.5, 1] });
 * ```
 */
export function randomResizedCrop(
  size: number | readonly [height: number, width: number],
  options: RandomResizedCropOptions = {},
): Augment {
  checkOptions('randomResizedCrop', options, ['scale', 'ratio']);
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = options;
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0))
    throw new CnnzooError('INPUT', `randomResizedCrop: expected a size in whole pixels, received ${size}.`);
  checkRange('randomResizedCrop: scale', scale, [Number.MIN_VALUE, 1]);
  checkRange('randomResizedCrop: ratio', ratio, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return withRecipe('randomResizedCrop', [size, { scale, ratio }], (image, random) => {
    const bytes = requireBytes('randomResizedCrop', image);
    const { left, top, width: w, height: h } = drawCrop(bytes, scale, ratio, random);
    const part = requireBytes('randomResizedCrop', crop(bytes, left, top, w, h));
    const { data } = resize({ ...part, channels: part.channels as 1 | 3 }, width, height);
    return { data: data as Uint8Array, width, height, channels: part.channels };
  });
}
