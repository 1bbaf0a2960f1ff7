import type { ModelDefinition } from '@cnnzoo/core';
import { models as lenet } from '@cnnzoo/lenet';
import { models as resnet } from '@cnnzoo/resnet';

/** Every family's models; a new family is one line. */
const families: Readonly<Record<string, Readonly<Record<string, ModelDefinition>>>> = { lenet, resnet };

export interface Member {
  readonly family: string;
  readonly name: string;
  readonly definition: ModelDefinition;
}

/** All models, or those named. */
export function members(names: readonly string[] = []): Member[] {
  const all = Object.entries(families).flatMap(([family, models]) =>
    Object.entries(models).map(([name, definition]) => ({ family, name, definition })),
  );
  const unknown = names.filter((name) => !all.some((member) => member.name === name));
  if (unknown.length > 0)
    throw new Error(`unknown model ${unknown.join(', ')}: expected ${all.map(({ name }) => name).join(', ')}`);
  return names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;
}
