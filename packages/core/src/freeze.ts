import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from './errors.js';
import { isInHead, noteOf } from './features.js';
import { idlePrefix, matches, type ParameterMatch } from './match.js';
import { modelOf, type Net } from './net.js';
import { layerSlotsOf, modelsOf, type Slot } from './weights/slots.js';

/**
 * Which part of a net: 'backbone', all but the heads that `numClasses` replaces; state_dict prefixes ('layer1',
 * 'layer4.1'); or whether a state_dict key belongs to it.
 */
export type Part = 'backbone' | ParameterMatch;

/**
 * Frozen, a part never changes: no step updates it, BatchNorm normalises by its running statistics and leaves them, and
 * dropout lets everything pass. Acts from the next step on; several calls add up.
 * @throws CnnzooError INPUT where nothing of the net is meant, or the net does not say where its head is.
 */
export const freeze = (net: Net, part: Part): void => setTrainable(modelOf(net), part, false);

/** Lets a part, or everything, train again, however it was frozen: by `freeze`, or by `trainable` of a layer or model. */
export const unfreeze = (net: Net, part: Part = () => true): void => setTrainable(modelOf(net), part, true);

/** Of a state_dict key, or the path of a layer without weights, whether it belongs to the part. */
function membership(model: LayersModel, part: Part): (key: string) => boolean {
  if (part !== 'backbone') return (key) => matches(part, key);
  const note = noteOf(model);
  if (!note)
    throw new CnnzooError(
      'INPUT',
      `The net '${model.name}' does not say where its head is: expected one made by a builder, pretrained or load. ` +
        'Name state_dict prefixes, as stateDict(net) has them.',
    );
  return (key) => !isInHead(note, key);
}

/** What BatchNorm keeps beside its parameters: it follows them. */
const RUNNING = /\.running_(mean|var)$/;

function setTrainable(model: LayersModel, part: Part, trainable: boolean): void {
  const isMeant = membership(model, part);
  const all = layerSlotsOf(model);
  // Dropout has a path, and no weights.
  const idle = idlePrefix(
    part,
    all.flatMap(({ path, slots }) => [path, ...slots.map(({ key }) => key)]),
  );
  if (idle !== undefined) throw nothingUnder(model, idle);
  const isEmpty = Array.isArray(part) && part.length === 0;
  if (!isEmpty && !all.some(({ slots }) => parametersOf(slots).some(({ key }) => isMeant(key))))
    throw nothingUnder(model, part);
  if (trainable) freezeLayersOfFrozenModels(model);
  for (const { path, layer, slots } of all) {
    const parameters = parametersOf(slots);
    const meant = parameters.filter(({ key }) => isMeant(key));
    // Dropout belongs to the part that it stands in.
    if (parameters.length === 0 ? isMeant(path) : meant.length === parameters.length) layer.trainable = trainable;
    else if (meant.length > 0) setSome(layer, parameters, meant, trainable);
  }
}

const nothingUnder = (model: LayersModel, part: Part): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `No weight of '${model.name}' belongs to ${JSON.stringify(part) ?? part}: expected 'backbone', state_dict prefixes ` +
      `(of ${[...new Set(model.layers.map(({ name }) => name.split('.')[0]))].join(', ')}), or a predicate on keys.`,
  );

const parametersOf = (slots: readonly Slot[]): Slot[] => slots.filter(({ key }) => !RUNNING.test(key));

/** Hands the `trainable = false` of models to their layers: else it would go on to freeze what is trainable by itself. */
function freezeLayersOfFrozenModels(model: LayersModel): void {
  for (const [, each] of modelsOf(model)) {
    if (each.trainable) continue;
    each.trainable = true;
    for (const { layer } of layerSlotsOf(each)) layer.trainable = false;
  }
}

/** Some of a layer's parameters. tfjs asks the layer first, then each of them. */
function setSome(layer: layers.Layer, parameters: readonly Slot[], meant: readonly Slot[], trainable: boolean): void {
  if (!layer.trainable) {
    if (!trainable) return;
    layer.trainable = true;
    for (const { variable } of parameters) variable.trainable = false;
  }
  for (const { variable } of meant) variable.trainable = trainable;
}
