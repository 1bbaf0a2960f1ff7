import { stat } from 'node:fs/promises';
import { type Classifier, CnnzooError, load, useBackend } from '@cnnzoo/core';
import { getModel, listModels, openPretrained } from './models/index.js';
import type { Context } from './terminal/index.js';

/** Net that a command is asked for. */
export interface NetOptions {
  /** Name from `cnnzoo list`, or path of a saved net. */
  readonly model: string;
  /** Name of a weights entry, or path or URL of a checkpoint. */
  readonly weights?: string;
  readonly backend?: string;
}

/**
 * Returns true if `model` is a saved net: a path, recognised by a slash or a file ending, or the name of an existing
 * file or directory that no model has.
 */
const isSaved = async (model: string): Promise<boolean> =>
  /[./\\]/.test(model) || (!listModels().includes(model) && (await stat(model).catch(() => undefined)) !== undefined);

/** Loads a pretrained or saved net. */
export async function openNet({ model, weights, backend }: NetOptions, context: Context): Promise<Classifier> {
  await useBackend(backend as Parameters<typeof useBackend>[0]);
  if (!(await isSaved(model))) return openPretrained(getModel(model), { ...(weights && { weights }) }, context);
  if (weights === undefined) return load(model, { signal: context.signal });
  throw new CnnzooError(
    'INPUT',
    `'${model}' is a saved net, which has its own weights: leave out --weights, or name a model (\`cnnzoo list\`).`,
  );
}
