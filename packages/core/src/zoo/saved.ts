import type { serialization } from '@tensorflow/tfjs-core';
import { type LayersModel, Sequential } from '@tensorflow/tfjs-layers';
import * as v from 'valibot';
import { useBackend } from '../backend/index.js';
import type { FetchOptions } from '../checkpoint/index.js';
import { hasHead, type ModelNote, NetModel, noteOf, type OutputActivation, writeNote } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';
import { registerLayers } from '../layers/index.js';
import { saveStateDict } from '../state-dict/index.js';
import { CnnzooError, checkOptions } from '../util/index.js';
import { Classifier } from './classifier.js';
import { MODEL_KEY, WEIGHTS_KEY } from './weights.js';

export const SAVE_FORMAT = 1;
export const CONFIG_KEY = 'cnnzoo.config';

/** What a saved classifier's file holds beside the weights: all that `load` needs to build the net again. */
export interface SavedConfig {
  readonly format: typeof SAVE_FORMAT;
  readonly note: ModelNote | null;
  /** tfjs' own description of the layers. */
  readonly topology: { readonly className: string; readonly config: unknown };
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly weights: string | null;
  /** Absent in files from before it was kept. */
  readonly activation?: OutputActivation;
}

/** The file of a classifier that is saved to `path`: one, so that no reader ever sees half of it. */
export const savedFile = (path: string): string =>
  path.endsWith('.safetensors') ? path : `${path.replace(/[/\\]+$/, '')}/model.safetensors`;

export async function save(classifier: Classifier, location: string | URL): Promise<void> {
  const { pathOf } = await import('#platform');
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
  await saveStateDict(model, savedFile(path), {
    [CONFIG_KEY]: JSON.stringify(config),
    ...(note && { [MODEL_KEY]: note.model }),
    ...(weights && { [WEIGHTS_KEY]: weights }),
  });
}

/** Sides of images, in pixels. */
const MAX_SIDE = 2 ** 15;
/** Pixels that Pillow takes for an attack. */
const MAX_PIXELS = 178_956_970;

const side = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_SIDE));
const finite = v.pipe(v.number(), v.finite());

const preprocessing = v.pipe(
  v.strictObject({
    resize: v.nullable(side),
    crop: v.pipe(
      v.strictTuple([side, side]),
      v.check(([height, width]) => height * width <= MAX_PIXELS, 'expected a crop of fewer pixels'),
    ),
    channels: v.picklist([1, 3]),
    mean: v.array(finite),
    std: v.array(v.pipe(finite, v.gtValue(0))),
    interpolation: v.literal('bilinear'),
  }),
  v.check(
    ({ channels, mean, std }) => mean.length === channels && std.length === channels,
    'expected a mean and a standard deviation per channel',
  ),
);

/** A field of a later version is an error: what it says would be lost. */
const savedConfig = v.strictObject({
  format: v.literal(SAVE_FORMAT),
  note: v.nullable(
    v.strictObject({
      model: v.string(),
      head: v.pipe(v.string(), v.minLength(1)),
      auxiliaryHeads: v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
    }),
  ),
  topology: v.strictObject({ className: v.string(), config: v.record(v.string(), v.unknown()) }),
  preprocessing,
  categories: v.nullable(v.pipe(v.array(v.string()), v.minLength(1))),
  weights: v.nullable(v.string()),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Reads the description of a saved net from its file's metadata. The net itself is checked by `checkTopology`. */
export function parseSavedConfig(text: string | undefined, name: string): SavedConfig {
  const expected = `load('${name}'): expected a file written by a Classifier's save`;
  if (text === undefined)
    throw new CnnzooError(
      'FORMAT',
      `${expected}, received weights alone. ` +
        'Build the net and use loadStateDict, or pass the file to pretrained({ weights }).',
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CnnzooError('FORMAT', `${expected}, received a damaged description. Save the net again.`, { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (format !== SAVE_FORMAT)
    throw new CnnzooError(
      'FORMAT',
      `${expected} (format ${SAVE_FORMAT}), received format ${JSON.stringify(format)}. Update @cnnzoo/core.`,
    );
  const result = v.safeParse(savedConfig, value, { abortEarly: true });
  if (result.success) return result.output as SavedConfig;
  const [issue] = result.issues;
  throw new CnnzooError(
    'FORMAT',
    `${expected}, received a damaged description, or one of a later version: ${v.getDotPath(issue) ?? 'it'}: ` +
      `${issue.message.slice(0, 200)}. Update @cnnzoo/core, or save the net again.`,
  );
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
    import('../checkpoint/late.js'),
    import('../state-dict/late.js'),
    import('./topology.js'),
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
