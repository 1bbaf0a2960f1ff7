import { CnnzooError, isBytes, type Random } from '../../util/index.js';

/** Bytes of 0..255, or floats. */
export type Pixels = Uint8Array | Float32Array;

/** One image in memory: row-major [height, width, channels], bytes of 0..255 or floats. */
export interface PixelImage<Data extends Pixels = Pixels> {
  readonly data: Data;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** How an augmentation of this package was made: plain data, from which another thread makes it again. */
export interface AugmentRecipe {
  readonly name: string;
  readonly args: readonly unknown[];
}

/**
 * Changes one image before it is normalised, drawing from `random`. Never writes to the image it is given; where
 * nothing changes, it may hand that back. A function of your own is one too: it has no recipe, so it runs on the
 * calling thread, where those of this package run in the worker threads.
 */
export interface Augment {
  (image: PixelImage, random: Random): PixelImage;
  readonly recipe?: AugmentRecipe;
}

/** An augmentation with the recipe that makes it again. */
export const withRecipe = (
  name: string,
  args: readonly unknown[],
  augment: (image: PixelImage, random: Random) => PixelImage,
): Augment => Object.assign(augment, { recipe: { name, args } });

/** An image whose values can be looked up in tables of 256; refuses floats, and channels other than grey and RGB. */
export function requireBytes(name: string, image: PixelImage): PixelImage<Uint8Array> {
  const { data, channels } = image;
  if (isBytes(data) && (channels === 1 || channels === 3)) return { ...image, data };
  throw new CnnzooError(
    'INPUT',
    `${name}: expected an image of bytes, grey or RGB, received ${data.constructor.name} of ${channels} channels. ` +
      'Augment before the values are scaled.',
  );
}

export type Range = readonly [low: number, high: number];

/** A uniform draw from [low, high). */
export const uniformIn = ([low, high]: Range, random: Random): number => low + (high - low) * random.uniform();

/** Refuses a range that is no two finite numbers in order, within `bounds`. */
export function checkRange(name: string, [low, high]: Range, [least, most]: Range): void {
  if (low >= least && low <= high && high <= most) return;
  throw new CnnzooError('INPUT', `${name}: expected ${least} <= low <= high <= ${most}, received [${low}, ${high}].`);
}

/** Refuses what is no probability. */
export function checkProbability(name: string, p: number): void {
  if (!(p >= 0 && p <= 1))
    throw new CnnzooError('INPUT', `${name}: expected a probability from 0 to 1, received ${p}.`);
}

/** One augmentation after the other. */
export function compose(...augments: readonly Augment[]): Augment {
  const apply: Augment = (image, random) => augments.reduce((changed, augment) => augment(changed, random), image);
  const recipes = augments.flatMap(({ recipe }): AugmentRecipe[] => (recipe ? [recipe] : []));
  // With a function of the user's own among them, none of them can go to another thread.
  if (recipes.length < augments.length) return Object.assign(apply, { config: { name: 'compose', args: augments } });
  return withRecipe('compose', recipes, apply);
}
