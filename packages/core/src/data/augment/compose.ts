import { type Augment, type AugmentRecipe, withRecipe } from './augment.js';

/** One augmentation after the other. */
export function compose(...augments: readonly Augment[]): Augment {
  const apply: Augment = (image, random) => augments.reduce((changed, augment) => augment(changed, random), image);
  const recipes = augments.flatMap(({ recipe }): AugmentRecipe[] => (recipe ? [recipe] : []));
  // With a function of the user's own among them, none of them can go to another thread.
  if (recipes.length < augments.length) return Object.assign(apply, { config: { name: 'compose', args: augments } });
  return withRecipe('compose', recipes, apply);
}
