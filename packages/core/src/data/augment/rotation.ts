import { CnnzooError } from '../../errors.js';
import { type Augment, uniformIn, withRecipe } from './augment.js';
import { rotate } from './ops/geometry.js';

/**
 * Rotates about the centre by an angle of -degrees to degrees, drawn evenly; nearest neighbour, 0 where nothing is left
 * of the image: torchvision's RandomRotation(degrees).
 */
export function rotation(degrees: number): Augment {
  if (!(degrees >= 0 && degrees <= 360))
    throw new CnnzooError('INPUT', `rotation: expected 0 to 360 degrees, received ${degrees}.`);
  return withRecipe('rotation', [degrees], (image, random) => rotate(image, uniformIn([-degrees, degrees], random)));
}
