import { CnnzooError } from '../../util/index.js';
import { type Augment, type AugmentRecipe, compose } from './augment.js';
import { colorJitter, pcaLighting } from './colour.js';
import { horizontalFlip, padAndCrop, randomResizedCrop, rotation, verticalFlip } from './geometry.js';
import { randomErasing } from './random-erasing.js';
import { trivialAugmentWide } from './trivial-augment-wide.js';

const MAKERS = {
  colorJitter,
  compose: (...recipes: readonly AugmentRecipe[]) => compose(...recipes.map(fromRecipe)),
  horizontalFlip,
  padAndCrop,
  pcaLighting,
  randomErasing,
  randomResizedCrop,
  rotation,
  trivialAugmentWide,
  verticalFlip,
} as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Augment>>;

/**
 * Makes an augmentation from its recipe.
 *
 * @throws CnnzooError INPUT for an unknown name.
 */
export function fromRecipe({ name, args }: AugmentRecipe): Augment {
  const make = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (!make)
    throw new CnnzooError(
      'INPUT',
      `expected an augmentation of ${Object.keys(MAKERS).join(', ')}, received '${name}'. ` +
        'An augmentation of your own needs no recipe.',
    );
  return make(...args);
}
