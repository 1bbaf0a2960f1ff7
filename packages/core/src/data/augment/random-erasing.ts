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

export interface RandomErasingOptions {
  /** How probable it is that anything is erased: 0.5 unless given. */
  p?: number;
  /** The erased area, as a share of the image's: 0.02 to 0.33 unless given. */
  scale?: Range;
  /** The rectangle's height by its width, drawn evenly on a logarithmic scale: 0.3 to 3.3 unless given. */
  ratio?: Range;
  /** What is written there, on the scale of the image's own values: 0 unless given. */
  value?: number;
}

/** Draws before the image is left alone. */
const TRIES = 10;

/** The image with a rectangle of one value. */
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
 * Writes one value over a random rectangle: torchvision's RandomErasing (Zhong et al., 2017), on the image before it is
 * normalised.
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
