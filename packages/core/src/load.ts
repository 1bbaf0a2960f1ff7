import type { serialization } from '@tensorflow/tfjs-core';
import { type LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { useBackend } from './backend/choose.js';
import { Classifier } from './classifier.js';
import { CnnzooError } from './errors.js';
import { writeNote } from './features.js';
import { NetModel } from './layers/net-model.js';
import { registerLayers } from './layers/register.js';
import { CONFIG_KEY, SAVE_FORMAT, type SavedConfig, savedFile } from './save.js';
import type { FetchOptions } from './weights/tensors.js';

function parseConfig(text: string | undefined, name: string): SavedConfig {
  const expected = "expected a file written by a Classifier's save";
  if (text === undefined)
    throw new CnnzooError(
      'FORMAT',
      `load('${name}'): ${expected}, received weights alone. ` +
        'Build the net and use loadStateDict, or pass the file to pretrained({ weights }).',
    );
  let config: SavedConfig | null;
  try {
    config = JSON.parse(text) as SavedConfig | null;
  } catch (cause) {
    throw new CnnzooError('FORMAT', `load('${name}'): ${expected}, received a damaged description.`, { cause });
  }
  if (config?.format !== SAVE_FORMAT)
    throw new CnnzooError(
      'FORMAT',
      `load('${name}'): ${expected} (format ${SAVE_FORMAT}), received format ${config?.format}. Update @cnnzoo/core.`,
    );
  return config;
}

function build({ topology, note }: SavedConfig, name: string): LayersModel {
  const config = topology.config as serialization.ConfigDict;
  let model: LayersModel;
  try {
    const type = topology.className === Sequential.className ? Sequential : NetModel;
    model = type.fromConfig(type, config) as LayersModel;
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    throw new CnnzooError('FORMAT', `load('${name}'): the description of the net can't be built: ${cause}.`, { cause });
  }
  if (note) writeNote(model, note);
  return model;
}

const hasModelInside = ({ topology }: SavedConfig): boolean =>
  (topology.config as { layers: { config: object }[] }).layers.some(({ config }) => 'layers' in config);

/** The saved file by its path, or by its URL, whose query stays behind. */
async function savedPlace(location: string | URL): Promise<string | URL> {
  const { localPath, pathOf } = await import('#platform');
  const path = localPath(location);
  if (path !== undefined) return savedFile(pathOf(location));
  const [, place, query] = /^([^?#]*)([?#].*)?$/s.exec(String(location))!;
  return /^(blob|data):/i.test(place!) ? location : `${savedFile(place!)}${query ?? ''}`;
}

/** Reads a classifier that `save` wrote: a directory, its file, or the URL of either. */
export async function load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
  await useBackend();
  registerLayers();
  const name = String(path);
  const [{ openTensors }, { buildFrom }] = await Promise.all([
    import('./weights/open.js'),
    import('./weights/values.js'),
  ]);
  const file = await openTensors(await savedPlace(path), options);
  try {
    const config = parseConfig(file.metadata[CONFIG_KEY], name);
    const model = await buildFrom(file, () => build(config, name), { nested: hasModelInside(config) });
    const { preprocessing, categories, weights, activation } = config;
    return new Classifier({
      model,
      preprocessing,
      categories,
      ...(weights && { weights }),
      ...(activation && { activation }),
    });
  } finally {
    await file.close();
  }
}
