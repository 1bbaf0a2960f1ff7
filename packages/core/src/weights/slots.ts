import type { LayersModel, LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../errors.js';

/** One tensor of a net's state dict. */
export interface Slot {
  readonly key: string;
  readonly variable: LayerVariable;
}

/** PyTorch's names for what stock tfjs layers call otherwise. */
const TORCH_NAMES: Readonly<Record<string, string>> = {
  kernel: 'weight',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Ours, of this copy of core or another. */
const isOurs = (layer: layers.Layer): boolean => layer.getClassName().startsWith('cnnzoo.');

/** Stock layers whose weights have a PyTorch counterpart of the same layout as ours. */
const STOCK = new Set(['Conv2D', 'Dense', 'BatchNormalization']);

const isModel = (layer: layers.Layer | LayersModel): layer is LayersModel => 'layers' in layer;

/** Every tensor of the net's state dict, layer by layer; the layers of a model inside it come under its name. */
export function slotsOf(model: LayersModel, prefix = ''): Slot[] {
  return model.layers.flatMap((layer) => {
    const path = prefix + layer.name;
    if (isModel(layer)) return slotsOf(layer, `${path}.`);
    if (layer.weights.length > 0 && !(isOurs(layer) || STOCK.has(layer.getClassName())))
      throw new CnnzooError(
        'INPUT',
        `Layer '${path}' is a ${layer.getClassName()}, whose weights have no place in a PyTorch state dict here: ` +
          `expected layers of @cnnzoo/core, or ${[...STOCK].join(', ')}.`,
      );
    return layer.weights.map((variable) => {
      const name = variable.originalName.slice(variable.originalName.lastIndexOf('/') + 1);
      return { key: `${path}.${TORCH_NAMES[name] ?? name}`, variable };
    });
  });
}
