import { type Augment, checkProbability, withRecipe } from './augment.js';
import { flipHorizontally, flipVertically } from './ops/geometry.js';

/** Exchanges left and right with probability `p`: torchvision's RandomHorizontalFlip. */
export function horizontalFlip(p = 0.5): Augment {
  checkProbability('horizontalFlip', p);
  return withRecipe('horizontalFlip', [p], (image, random) => (random.uniform() < p ? flipHorizontally(image) : image));
}

/** Exchanges top and bottom with probability `p`: torchvision's RandomVerticalFlip. */
export function verticalFlip(p = 0.5): Augment {
  checkProbability('verticalFlip', p);
  return withRecipe('verticalFlip', [p], (image, random) => (random.uniform() < p ? flipVertically(image) : image));
}
