import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';
import { refuseCompiled } from './net.js';
import { isOwn, layersOf } from './order.js';

/** A weight of a net by its key in the state dict. */
export interface Slot {
  readonly key: string;
  readonly variable: LayerVariable;
}

/** PyTorch's names of weights of tfjs' own layers. */
const TORCH_NAMES: Readonly<Record<string, string>> = {
  kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Layers of tfjs whose weights have a PyTorch counterpart of the same layout as ours. */
const STOCK = new Set(['Conv2D', 'Dense', 'BatchNormalization']);

/** Returns true if a layer's weights have a place in a PyTorch state dict. */
const isKnown = (layer: layers.Layer): boolean => isOwn(layer) || STOCK.has(layer.getClassName());

/** A layer by its path, with its weights. */
export interface LayerSlots {
  readonly path: string;
  readonly layer: layers.Layer;
  readonly slots: readonly Slot[];
}

/** Lists all layers of any net with their weights. Weights without a place in a state dict keep tfjs' names. */
export const layerSlotsOf = (model: LayersModel): LayerSlots[] =>
  Array.from(layersOf(model), ([path, layer]) => ({
    path,
    layer,
    slots: layer.weights.map((variable) => {
      const { originalName } = variable;
      const name = isKnown(layer) ? originalName.slice(originalName.lastIndexOf('/') + 1) : originalName;
      return { key: `${path}.${TORCH_NAMES[name] ?? name}`, variable };
    }),
  }));

/**
 * Lists the weights of a net's state dict, layer by layer.
 *
 * @throws CnnzooError INPUT if the net has a layer with weights that have no place in a PyTorch state dict, or was made by
 * `compile`.
 */
export function slotsOf(model: LayersModel): Slot[] {
  refuseCompiled('Its state dict', model);
  for (const [path, layer] of layersOf(model))
    if (layer.weights.length > 0 && !isKnown(layer))
      throw new CnnzooError(
        'INPUT',
        `Layer '${path}' is a ${layer.getClassName()}, whose weights have no place in a PyTorch state dict here: ` +
          `expected layers of @cnnzoo/core, or ${[...STOCK].join(', ')}.`,
      );
  return weightsOf(model);
}

/** Lists the weights of any net, layer by layer. */
export const weightsOf = (model: LayersModel): Slot[] => layerSlotsOf(model).flatMap(({ slots }) => slots);
