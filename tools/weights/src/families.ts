import { CnnzooError, type ModelDefinition } from '@cnnzoo/core';
import { families } from 'cnnzoo';

export interface Member {
  /** Directory of the model's package. */
  readonly family: string;
  readonly name: string;
  readonly definition: ModelDefinition;
}

/** Returns all models, or the named ones. */
export function members(names: readonly string[] = []): Member[] {
  const all = Object.entries(families).flatMap(([family, models]) =>
    Object.entries<ModelDefinition>(models).map(([name, definition]) => ({ family, name, definition })),
  );
  const unknown = names.filter((name) => !all.some((member) => member.name === name));
  if (unknown.length > 0)
    throw new CnnzooError(
      'INPUT',
      `There is no model '${unknown.join("', '")}'. Expected ${all.map(({ name }) => name).join(', ')}.`,
    );
  return names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;
}
