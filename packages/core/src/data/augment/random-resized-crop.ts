import { CnnzooError } from '../../errors.js';
import { resize } from '../../images/resize.js';
import { checkOptions } from '../../options.js';
import type { Random } from '../../random.js';
import {
  type Augment,
  checkRange,
  type PixelImage,
  type Range,
  requireBytes,
  uniformIn,
  withRecipe,
} from './augment.js';
import { crop } from './ops/geometry.js';

export interface RandomResizedCropOptions {
  /** The crop's area, as a share of the image's: 0.08 to 1 unless given. */
  scale?: Range;
  /** The crop's width by its height, drawn evenly on a logarithmic scale: 3/4 to 4/3 unless given. */
  ratio?: Range;
}

/** Draws before the middle of the image is taken instead. */
const TRIES = 10;

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function middle({ width, height }: PixelImage, [narrowest, widest]: Range): Rectangle {
  const ratio = width / height;
  const w = ratio > widest ? Math.round(height * widest) : width;
  const h = ratio < narrowest ? Math.round(width / narrowest) : height;
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}

/** Where a crop lies: torchvision's RandomResizedCrop.get_params. */
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
 * A random part of the image, resized to `size` ([height, width], or both) in pixels by Pillow's antialiased bilinear
 * filter: torchvision's RandomResizedCrop, the "Inception crop" (Szegedy et al., 2014). For images of bytes.
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
