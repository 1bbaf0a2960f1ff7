import { CnnzooError, type ModelDefinition } from '@cnnzoo/core';
import * as tables from './families.js';
import { nearest } from './nearest.js';

/** Tables of models by family name: `families.resnet.resnet18`. */
export const families: typeof tables = tables;

/** Returns every model by name: families in alphabetical order, models in the order of each family's `models`. */
const models = (): Map<string, ModelDefinition> =>
  new Map(Object.values(families).flatMap((family) => Object.entries<ModelDefinition>(family)));

/** Returns the regular expression of a pattern: `*` stands for any characters, `?` for one, and case is ignored. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/**
 * Returns the names of all models, or of those that match a pattern.
 *
 * @param pattern `*` stands for any characters, `?` for one. Default: '*'.
 * @returns the names; empty if no model matches
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
 * Returns a model by name. Call it to build an untrained net, or its `pretrained()` to get a trained one.
 *
 * @param name a name from `listModels()`
 * @throws CnnzooError INPUT for an unknown name; the message suggests similar ones
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
