import { CnnzooError, type ModelDefinition } from '@cnnzoo/core';
import * as tables from './families.js';
import { nearest } from './nearest.js';

/** Tables of models by the family's name: `families.resnet.resnet18`. */
export const families: typeof tables = tables;

/** Every model by name: families in alphabetical order, each from small to large. */
const models = (): Map<string, ModelDefinition> =>
  new Map(Object.values(families).flatMap((family) => Object.entries<ModelDefinition>(family)));

/** In a pattern `*` stands for any characters and `?` for one; case does not matter. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/**
 * Returns the names of all models, or of those that a pattern fits.
 * @param pattern `*` stands for any characters, `?` for one. Default: '*'.
 * @returns names; empty if the pattern fits none.
 *
 * @example
 * ```ts
 * import { listModels } from 'cnnzoo';
 *
 * listModels('resnet*'); // ['resnet18', 'resnet34', …]
 * ```
 */
export function listModels(pattern = '*'): string[] {
  const fits = wildcard(pattern);
  return [...models().keys()].filter((name) => fits.test(name));
}

/**
 * Returns the model of a name: call it to build a net, or its `pretrained()` for a trained one.
 * @throws CnnzooError INPUT for a name that no model has, with the nearest names.
 *
 * @example
 * ```ts
 * import { getModel } from 'cnnzoo';
 *
 * const net = await getModel('resnet18').pretrained();
 * ```
 */
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
