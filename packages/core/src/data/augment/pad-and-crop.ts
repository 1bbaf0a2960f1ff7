import { CnnzooError } from '../../errors.js';
import { type Augment, withRecipe } from './augment.js';
import { crop } from './ops/geometry.js';

/**
 * Pads by `padding` pixels of 0 on each side and crops at a random place: torchvision's
 * RandomCrop(size, padding=padding).
 *
 * @param size side of the crop in pixels; unless given, the image keeps its height and width.
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
