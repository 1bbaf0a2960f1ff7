import { CnnzooError } from '../../errors.js';
import type { Augment, AugmentRecipe } from './augment.js';
import { colorJitter } from './color-jitter.js';
import { compose } from './compose.js';
import { horizontalFlip, verticalFlip } from './flips.js';
import { padAndCrop } from './pad-and-crop.js';
import { pcaLighting } from './pca-lighting.js';
import { randomErasing } from './random-erasing.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { rotation } from './rotation.js';
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

/** Makes an augmentation again from what it says of itself. */
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
