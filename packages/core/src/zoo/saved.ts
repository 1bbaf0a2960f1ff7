import type { serialization } from '@tensorflow/tfjs-core';
import { type LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { useBackend } from '../backend/index.js';
import type { FetchOptions } from '../checkpoint/index.js';
import { readCheckpoint } from '../checkpoint/late.js';
import { hasHead, NetModel, noteOf, type OutputActivation, writeNote } from '../graph/index.js';
import { registerLayers } from '../layers/late.js';
import { type SaveOptions, saveStateDict } from '../state-dict/index.js';
import { buildFrom } from '../state-dict/late.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import type { ClassifierParts } from './classifier-parts.js';
import { CONFIG_KEY, parseSavedConfig, SAVE_FORMAT, type SavedConfig } from './saved-config.js';
import { checkTopology } from './topology.js';
import { MODEL_KEY, WEIGHTS_KEY } from './weights.js';

/** Returns the file of a classifier that is saved to `path`: a single one, so that no reader ever sees half of it. */
const savedFile = (path: string): string =>
  path.endsWith('.safetensors') ? path : `${path.replace(/[/\\]+$/, '')}/model.safetensors`;

/** Writes a classifier as one file: weights, architecture, labels and preprocessing. */
export async function save(
  classifier: ClassifierParts & { readonly activation: OutputActivation },
  location: string | URL,
  options: SaveOptions,
): Promise<void> {
  checkOptions('save', options, ['dtype']);
  const { pathOf } = await import('../platform/late.js');
  const path = pathOf(location);
  const { model, preprocessing, categories, weights, activation } = classifier;
  const note = noteOf(model);
  const config: SavedConfig = {
    format: SAVE_FORMAT,
    note: note ?? null,
    topology: { className: model.getClassName(), config: model.getConfig() },
    preprocessing,
    categories,
    weights: weights ?? null,
    activation,
  };
  const metadata = {
    [CONFIG_KEY]: JSON.stringify(config),
    ...(note && { [MODEL_KEY]: note.model }),
    ...(weights && { [WEIGHTS_KEY]: weights }),
  };
  await saveStateDict(model, savedFile(path), { ...options, metadata });
}

function build({ topology, note }: SavedConfig, damaged: (why: string, cause?: unknown) => CnnzooError): LayersModel {
  const config = topology.config as serialization.ConfigDict;
  let model: LayersModel;
  try {
    const type = topology.className === Sequential.className ? Sequential : NetModel;
    model = type.fromConfig(type, config) as LayersModel;
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    throw damaged(`it can't be built: ${cause}`, cause);
  }
  if (note) writeNote(model, note);
  return model;
}

const hasModelInside = ({ topology }: SavedConfig): boolean =>
  (topology.config as { layers: { config: object }[] }).layers.some(({ config }) => 'layers' in config);

/** Returns the saved file of a path, or of a URL, whose query stays at its end. */
async function savedPlace(location: string | URL): Promise<string | URL> {
  const { localPath, pathOf } = await import('../platform/late.js');
  const path = localPath(location);
  if (path !== undefined) return savedFile(pathOf(location));
  const [, place, query] = /^([^?#]*)([?#].*)?$/s.exec(String(location))!;
  return /^(blob|data):/i.test(place!) ? location : `${savedFile(place!)}${query ?? ''}`;
}

/** Reads the parts of a classifier that `save` wrote: a directory, its file, or the URL of either. */
export async function load(path: string | URL, options: FetchOptions = {}): Promise<ClassifierParts> {
  checkOptions('load', options, ['signal']);
  await useBackend();
  registerLayers();
  const name = String(path);
  const damaged = (why: string, cause?: unknown) =>
    new CnnzooError('FORMAT', `load('${name}'): the description of the net is damaged: ${why}. Save the net again.`, {
      cause,
    });
  const file = await readCheckpoint(await savedPlace(path), options);
  try {
    const config = parseSavedConfig(file.metadata[CONFIG_KEY], name);
    const { preprocessing, categories, weights, activation } = config;
    const [output] = checkTopology(config.topology, file.tensors, damaged);
    if (categories && categories.length !== output?.at(-1))
      throw damaged(`it has ${categories.length} categories for ${output?.at(-1)} classes`);
    const model = await buildFrom(file, () => build(config, damaged), { nested: hasModelInside(config) });
    return {
      model,
      preprocessing,
      categories,
      ...(weights && { weights }),
      ...(activation && { activation }),
      loaded: {
        source: name,
        format: file.format,
        entry: weights,
        key: null,
        prefixes: [],
        renamed: {},
        head: hasHead(model) ? 'kept' : 'none',
        fresh: [],
        ignored: [],
      },
    };
  } finally {
    await file.close();
  }
}
