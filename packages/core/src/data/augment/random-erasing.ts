import { checkOptions, copyOf, isBytes, type Random } from '../../util/index.js';
import {
  type Augment,
  checkProbability,
  checkRange,
  type PixelImage,
  type Range,
  uniformIn,
  withRecipe,
} from './augment.js';

/** Options of `randomErasing`. */
export interface RandomErasingOptions {
  /** Probability that a rectangle is erased, 0 to 1. Default: 0.5. */
  p?: number;
  /** Range of the erased area, as a fraction of the image's. Default: [0.02, 0.33]. */
  scale?: Range;
  /** Range of the rectangle's height / width, drawn evenly on a logarithmic scale. Default: [0.3, 3.3]. */
  ratio?: Range;
  /** Value that is written, on the scale of the image's own values. Default: 0. */
  value?: number;
}

/** Draws of a rectangle. If none fits, the image is left as it is. */
const TRIES = 10;

/** Returns the image with a rectangle of one value. */
export function erase(
  image: PixelImage,
  left: number,
  top: number,
  width: number,
  height: number,
  value: number,
): PixelImage {
  const data = isBytes(image.data) ? copyOf(image.data) : image.data.slice();
  for (let row = top; row < top + height; row++) {
    const start = (row * image.width + left) * image.channels;
    data.fill(value, start, start + width * image.channels);
  }
  return { ...image, data };
}

function eraseRandomly(image: PixelImage, scale: Range, ratio: Range, value: number, random: Random): PixelImage {
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  for (let i = 0; i < TRIES; i++) {
    const area = image.width * image.height * uniformIn(scale, random);
    const aspect = Math.exp(uniformIn(logRatio, random));
    const height = Math.round(Math.sqrt(area * aspect));
    const width = Math.round(Math.sqrt(area / aspect));
    if (height >= image.height || width >= image.width) continue;
    const top = random.integer(image.height - height + 1);
    const left = random.integer(image.width - width + 1);
    return erase(image, left, top, width, height, value);
  }
  return image;
}

/**
 * Writes one value over a random rectangle, as torchvision's RandomErasing (Zhong et al., 2017). The image is not yet
 * normalised.
 *
 * @returns an augmentation of images of bytes or floats.
 * @throws CnnzooError INPUT for a range out of bounds or an unknown option.
 * @example
 * ```ts
 * import { compose, horizontalFlip, randomErasing } from '@cnnzoo/core/data';
 *
 * const augment = compose(horizontalFlip(), randomErasing({ p: 0.25 }));
 * ```
 */
export function randomErasing(options: RandomErasingOptions = {}): Augment {
  checkOptions('randomErasing', options, ['p', 'scale', 'ratio', 'value']);
  const { p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0 } = options;
  checkProbability('randomErasing', p);
  checkRange('randomErasing: scale', scale, [0, 1]);
  checkRange('randomErasing: ratio', ratio, [Number.MIN_VALUE, Number.MAX_VALUE]);
  return withRecipe('randomErasing', [{ p, scale, ratio, value }], (image, random) =>
    random.uniform() < p ? eraseRandomly(image, scale, ratio, value, random) : image,
  );
}
