import type { LayersModel } from '@tensorflow/tfjs-layers';
import { layerSlotsOf, modelsOf } from '../../weights/slots.js';

/** Every `trainable` of a net that is false: of models and layers by their paths, of weights by their keys. Plain data. */
export interface Frozen {
  readonly models: readonly string[];
  readonly layers: readonly string[];
  readonly weights: readonly string[];
}

export function frozenOf(model: LayersModel): Frozen {
  const layers = layerSlotsOf(model);
  const weights = layers.flatMap(({ slots }) => slots);
  return {
    models: modelsOf(model).flatMap(([path, { trainable }]) => (trainable ? [] : [path])),
    layers: layers.flatMap(({ path, layer }) => (layer.trainable ? [] : [path])),
    weights: weights.flatMap(({ key, variable }) => (variable.trainable ? [] : [key])),
  };
}

/** Makes of every `trainable` of a net what it was when `frozenOf` looked. */
export function setFrozen(model: LayersModel, frozen: Frozen): void {
  const layers = layerSlotsOf(model);
  // tfjs hands the flag of a model or layer on to weights: theirs come last.
  for (const [path, each] of modelsOf(model)) each.trainable = !frozen.models.includes(path);
  for (const { path, layer } of layers) layer.trainable = !frozen.layers.includes(path);
  const weights = new Set(frozen.weights);
  for (const { slots } of layers) for (const { key, variable } of slots) variable.trainable = !weights.has(key);
}
