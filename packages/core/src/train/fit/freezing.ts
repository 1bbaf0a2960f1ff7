import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layerSlotsOf, modelOf, modelsOf, type Net } from '../../graph/index.js';
import { freeze, type Part, unfreeze } from '../../graph/late.js';

/** Every `trainable` of a net that is false: of models and layers by their paths, of weights by their keys. Plain data. */
export interface Frozen {
  readonly models: readonly string[];
  readonly layers: readonly string[];
  readonly weights: readonly string[];
}

/** Records every `trainable` of a net. */
export function frozenOf(model: LayersModel): Frozen {
  const layers = layerSlotsOf(model);
  const weights = layers.flatMap(({ slots }) => slots);
  return {
    models: modelsOf(model).flatMap(([path, { trainable }]) => (trainable ? [] : [path])),
    layers: layers.flatMap(({ path, layer }) => (layer.trainable ? [] : [path])),
    weights: weights.flatMap(({ key, variable }) => (variable.trainable ? [] : [key])),
  };
}

/** Sets every `trainable` of a net to its value in the record. */
export function setFrozen(model: LayersModel, frozen: Frozen): void {
  const layers = layerSlotsOf(model);
  // tfjs passes the flag of a model or layer on to its weights, so theirs come last.
  for (const [path, each] of modelsOf(model)) each.trainable = !frozen.models.includes(path);
  for (const { path, layer } of layers) layer.trainable = !frozen.layers.includes(path);
  const weights = new Set(frozen.weights);
  for (const { slots } of layers) for (const { key, variable } of slots) variable.trainable = !weights.has(key);
}

interface MayFreeze {
  readonly freeze?: Part;
}

/** Freezes the part that the last of some stages with a `freeze` names, and nothing else. */
export function freezeFor(net: Net, stages: readonly MayFreeze[]): void {
  const part = stages.findLast(({ freeze }) => freeze !== undefined)?.freeze;
  if (part === undefined) return;
  unfreeze(net);
  freeze(net, part);
}

/** Refuses parts that the net lacks before the first step. A stage would refuse them only when its turn comes. */
export function requireParts(net: Net, stages: readonly MayFreeze[]): void {
  const before = frozenOf(modelOf(net));
  try {
    for (const stage of stages) freezeFor(net, [stage]);
  } finally {
    setFrozen(modelOf(net), before);
  }
}
