import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { isInHead } from './head.js';
import { modelOf, type Net, refuseCompiled } from './net.js';
import { modelsOf } from './order.js';
import { requireNote } from './require-head.js';
import { layerSlotsOf, type Slot } from './slots.js';

/** A choice of parameters: state_dict prefixes such as 'fc' and 'layer4.1', or a predicate on state_dict keys. */
export type ParameterMatch = string | readonly string[] | ((key: string) => boolean);

export const matches = (match: ParameterMatch, key: string): boolean =>
  typeof match === 'function' ? match(key) : [match].flat().some((prefix) => isUnder(prefix, key));

/** The first of several prefixes that no key lies under; undefined if each has one. */
export const idlePrefix = (match: unknown, keys: readonly string[]): string | undefined =>
  Array.isArray(match) ? match.find((prefix) => !keys.some((key) => isUnder(String(prefix), key))) : undefined;

/**
 * A part of a net: 'backbone', which is everything but the heads that `numClasses` replaces; state_dict prefixes such as
 * 'layer1' and 'layer4.1'; or a predicate on state_dict keys.
 */
export type Part = 'backbone' | ParameterMatch;

/**
 * Freezes a part of a net from the next step on: no step updates it, BatchNorm normalizes by its running statistics and
 * leaves them, and dropout returns its input. Several calls add up.
 *
 * @param net a LayersModel or a `Classifier`.
 * @param part the part to freeze.
 * @throws CnnzooError INPUT if no weight of the net belongs to the part, or if the net does not know its head.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { freeze, unfreeze } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * freeze(net, 'backbone');
 * unfreeze(net, ['layer4']);
 * ```
 */
export const freeze = (net: Net, part: Part): void => setTrainable(modelOf(net), part, false);

/**
 * Lets a part of a net train again, from the next step on. Undoes `freeze` and `trainable = false` of layers and models.
 *
 * @param net a LayersModel or a `Classifier`.
 * @param part the part to unfreeze. Default: the whole net.
 * @throws CnnzooError INPUT if no weight of the net belongs to the part, or if the net does not know its head.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { unfreeze } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * unfreeze(net);
 * ```
 */
export const unfreeze = (net: Net, part: Part = () => true): void => setTrainable(modelOf(net), part, true);

/** Returns a function that returns true if a state_dict key, or the path of a layer without weights, belongs to the part. */
function membership(model: LayersModel, part: Part): (key: string) => boolean {
  if (part !== 'backbone') return (key) => matches(part, key);
  const note = requireNote(model, 'Name state_dict prefixes, as `await stateDict(net)` has them.');
  return (key) => !isInHead(note, key);
}

/** Running statistics of BatchNorm, which are frozen with its parameters. */
const RUNNING = /\.running_(mean|var)$/;

function setTrainable(model: LayersModel, part: Part, trainable: boolean): void {
  refuseCompiled(trainable ? 'unfreeze' : 'freeze', model);
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

/** Passes the `trainable = false` of models on to their layers. The model's own would also freeze layers that are unfrozen. */
function freezeLayersOfFrozenModels(model: LayersModel): void {
  for (const [, each] of modelsOf(model)) {
    if (each.trainable) continue;
    each.trainable = true;
    for (const { layer } of layerSlotsOf(each)) layer.trainable = false;
  }
}

/** Sets some of a layer's parameters. tfjs asks the layer first, then each parameter. */
function setSome(layer: layers.Layer, parameters: readonly Slot[], meant: readonly Slot[], trainable: boolean): void {
  if (!layer.trainable) {
    if (!trainable) return;
    layer.trainable = true;
    for (const { variable } of parameters) variable.trainable = false;
  }
  for (const { variable } of meant) variable.trainable = trainable;
}
