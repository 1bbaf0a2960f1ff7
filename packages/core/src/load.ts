import type { serialization } from '@tensorflow/tfjs-core';
import { type LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import { useBackend } from './backend/choose.js';
import { Classifier } from './classifier.js';
import { CnnzooError } from './errors.js';
import { hasHead, writeNote } from './features.js';
import { NetModel } from './layers/net-model.js';
import { registerLayers } from './layers/register.js';
import { checkOptions } from './options.js';
import { CONFIG_KEY, type SavedConfig, savedFile } from './save.js';
import { parseSavedConfig } from './saved/saved-config.js';
import type { FetchOptions } from './weights/tensors.js';

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
  checkOptions('load', options, ['signal']);
  await useBackend();
  registerLayers();
  const name = String(path);
  const damaged = (why: string, cause?: unknown) =>
    new CnnzooError('FORMAT', `load('${name}'): the description of the net is damaged: ${why}. Save the net again.`, {
      cause,
    });
  const [{ openTensors }, { buildFrom }, { checkTopology }] = await Promise.all([
    import('./weights/open.js'),
    import('./weights/values.js'),
    import('./saved/topology.js'),
  ]);
  const file = await openTensors(await savedPlace(path), options);
  try {
    const config = parseSavedConfig(file.metadata[CONFIG_KEY], name);
    const { preprocessing, categories, weights, activation } = config;
    const [output] = checkTopology(config.topology, file.tensors, damaged);
    if (categories && categories.length !== output?.at(-1))
      throw damaged(`it has ${categories.length} categories for ${output?.at(-1)} classes`);
    const model = await buildFrom(file, () => build(config, damaged), { nested: hasModelInside(config) });
    return new Classifier({
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
    });
  } finally {
    await file.close();
  }
}
