import type { LayersModel } from '@tensorflow/tfjs-layers';
import { useBackend } from '../backend/index.js';
import { slotsOf } from '../graph/index.js';
import { freeze } from '../graph/late.js';
import { isUnder } from '../layers/index.js';
import { buildFrom, isIgnored } from '../state-dict/late.js';
import { type Asked, checkPretrained } from './check-pretrained.js';
import { Classifier } from './classifier.js';
import type { BuildOptions, ModelDefinition } from './model-definition.js';
import { downloadWeights } from './origin.js';
import type { PretrainedOptions } from './pretrained-options.js';
import { type BuildPlan, type Checkpoint, type Plan, resolve } from './resolve.js';
import type { LoadedWeights } from './weights.js';

/**
 * Builds a trained net with its preprocessing and categories, straight from the checkpoint's tensors: no initial value is
 * drawn but those of a new head. Chooses a backend if none is in use.
 */
export async function pretrained<Options extends BuildOptions, Names extends string>(
  definition: ModelDefinition<Options, Names>,
  options: PretrainedOptions<Names> = {},
): Promise<Classifier> {
  const asked = await checkPretrained(definition, options);
  await useBackend();
  const origin = await downloadWeights(definition.name, asked);
  const checkpoint = { ...origin, file: await origin.read() };
  try {
    const plan = await resolve(definition, checkpoint, asked);
    const model = await buildFrom(plan.keys, plan.build, plan.strictness);
    return classifierOf(model, plan, loadedFrom(checkpoint, plan, plan.entry.name, model), asked);
  } finally {
    await checkpoint.file.close();
  }
}

/** Makes a Classifier of a net that was built. */
function classifierOf(
  model: LayersModel,
  { preprocessing, categories, activation, entry }: Plan,
  loaded: LoadedWeights,
  asked: Pick<Asked, 'freeze'>,
): Classifier {
  try {
    if (asked.freeze) freeze(model, asked.freeze);
    const parts = { model, preprocessing, categories, weights: entry.name, loaded };
    return new Classifier({ ...parts, ...(activation && { activation }) });
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Reports how a checkpoint became the weights of a net. */
function loadedFrom(
  { file, source }: Checkpoint,
  { keys, head, strictness: { fresh } }: BuildPlan,
  entry: string,
  model: LayersModel,
): LoadedWeights {
  const used = new Set(slotsOf(model).map(({ key }) => key));
  const isFresh = (key: string): boolean => fresh.some((path) => isUnder(path, key));
  const dropped = [...keys.tensors.keys()].filter((key) => !isIgnored(key) && (isFresh(key) || !used.has(key)));
  return {
    source,
    format: file.format,
    entry,
    key: file.key ?? null,
    prefixes: keys.prefixes,
    renamed: keys.renamed,
    head,
    fresh: fresh.filter((path) => [...used].some((key) => isUnder(path, key))),
    ignored: [...(file.others ?? []), ...dropped],
  };
}
