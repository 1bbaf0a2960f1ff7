import { CnnzooError } from '../../errors.js';
import { type Augment, withRecipe } from './augment.js';
import { crop } from './ops/geometry.js';

/**
 * Pads by `padding` pixels of 0 on each side and crops at a random place: torchvision's
 * RandomCrop(size, padding=padding). The size stays the image's.
 */
export function padAndCrop(padding: number): Augment {
  if (!(Number.isInteger(padding) && padding >= 0))
    throw new CnnzooError('INPUT', `padAndCrop: expected a padding of 0, 1, 2, … pixels, received ${padding}.`);
  return withRecipe('padAndCrop', [padding], (image, random) => {
    const down = random.integer(2 * padding + 1) - padding;
    const right = random.integer(2 * padding + 1) - padding;
    return crop(image, right, down, image.width, image.height);
  });
}
