import { CnnzooError, type ModelDefinition } from '@cnnzoo/core';
import * as families from './families.js';
import { nearest } from './nearest.js';

/** Models by name: families by the alphabet, each in its own order, small to large. */
const models = (): Map<string, ModelDefinition> =>
  new Map(Object.values(families).flatMap((family) => Object.entries<ModelDefinition>(family)));

/** `*` stands for any characters, `?` for one; everything else for itself, whatever its case. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/** The names of all models, or of those that the pattern fits: `listModels('resnet*')`. Empty where it fits none. */
export function listModels(pattern = '*'): string[] {
  const fits = wildcard(pattern);
  return [...models().keys()].filter((name) => fits.test(name));
}

/** The model of that name: call it to build a net, or `pretrained()` for a trained one. */
export function getModel(name: string): ModelDefinition {
  const all = models();
  const model = all.get(name);
  if (model) return model;
  const near = nearest(name, [...all.keys()]).map((candidate) => `'${candidate}'`);
  throw new CnnzooError(
    'INPUT',
    `There is no model '${name}'. Nearest: ${near.join(', ')}. listModels() and \`cnnzoo list\` give all names.`,
  );
}
