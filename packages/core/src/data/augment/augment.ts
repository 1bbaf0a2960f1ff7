import { CnnzooError, isBytes, type Random } from '../../util/index.js';

/** Values of pixels: bytes from 0 to 255, or floats. */
export type Pixels = Uint8Array | Float32Array;

/** Image in memory: values in the order [height, width, channels]. */
export interface PixelImage<Data extends Pixels = Pixels> {
  readonly data: Data;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Description of an augmentation of this package, from which a worker thread makes it again. */
export interface AugmentRecipe {
  readonly name: string;
  readonly args: readonly unknown[];
}

/**
 * Augmentation: a function that changes one image before it is normalised, and draws from `random`. It never writes to
 * the given image, which it may return if nothing changes.
 *
 * A function of your own is an augmentation without a recipe. It runs on the calling thread, those of this package run
 * in the worker threads.
 */
export interface Augment {
  (image: PixelImage, random: Random): PixelImage;
  /** undefined for a function of your own. */
  readonly recipe?: AugmentRecipe;
}

/** Returns an augmentation with its recipe. */
export const withRecipe = (
  name: string,
  args: readonly unknown[],
  augment: (image: PixelImage, random: Random) => PixelImage,
): Augment => Object.assign(augment, { recipe: { name, args } });

/**
 * Refuses images other than of bytes, grey or RGB. Tables of 256 hold the results for such values.
 *
 * @throws CnnzooError INPUT.
 */
export function requireBytes(name: string, image: PixelImage): PixelImage<Uint8Array> {
  const { data, channels } = image;
  if (isBytes(data) && (channels === 1 || channels === 3)) return { ...image, data };
  throw new CnnzooError(
    'INPUT',
    `${name}: expected an image of bytes, grey or RGB, received ${data.constructor.name} of ${channels} channels. ` +
      'Augment before the values are scaled.',
  );
}

/** Range of numbers, both ends included. */
export type Range = readonly [low: number, high: number];

/** Draws a number evenly from [low, high). */
export const uniformIn = ([low, high]: Range, random: Random): number => low + (high - low) * random.uniform();

/**
 * Refuses a range that is not low <= high within `bounds`.
 *
 * @throws CnnzooError INPUT.
 */
export function checkRange(name: string, [low, high]: Range, [least, most]: Range): void {
  if (low >= least && low <= high && high <= most) return;
  throw new CnnzooError('INPUT', `${name}: expected ${least} <= low <= high <= ${most}, received [${low}, ${high}].`);
}

/**
 * Refuses a number that is not between 0 and 1.
 *
 * @throws CnnzooError INPUT.
 */
export function checkProbability(name: string, p: number): void {
  if (!(p >= 0 && p <= 1))
    throw new CnnzooError('INPUT', `${name}: expected a probability from 0 to 1, received ${p}.`);
}

/**
 * Applies augmentations one after the other, as torchvision's Compose.
 *
 * @example
 * ```ts
 * import { colorJitter, compose, horizontalFlip, randomResizedCrop } from '@cnnzoo/core/data';
 *
 * const augment = compose(randomResizedCrop(224), horizontalFlip(), colorJitter({ brightness: 0.4 }));
 * ```
 */
export function compose(...augments: readonly Augment[]): Augment {
  const apply: Augment = (image, random) => augments.reduce((changed, augment) => augment(changed, random), image);
  const recipes = augments.flatMap(({ recipe }): AugmentRecipe[] => (recipe ? [recipe] : []));
  // A function of the user's own can't go to another thread, and so the composition can't either.
  if (recipes.length < augments.length) return Object.assign(apply, { config: { name: 'compose', args: augments } });
  return withRecipe('compose', recipes, apply);
}
