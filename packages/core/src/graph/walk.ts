import type { LayersModel, LayerVariable, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';

/** The tensors that lead to some of a net, and those, each after what it is computed from; without `from` and before. */
export function orderTo(to: readonly SymbolicTensor[], from?: SymbolicTensor): SymbolicTensor[] {
  const order = new Set<SymbolicTensor>();
  const visit = (tensor: SymbolicTensor): void => {
    if (tensor === from || order.has(tensor)) return;
    tensor.inputs.forEach(visit);
    order.add(tensor);
  };
  to.forEach(visit);
  return [...order];
}

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

/** A net and the models inside it by their paths, the outermost first; its own path is ''. */
export const modelsOf = (model: LayersModel, path = ''): (readonly [path: string, model: LayersModel])[] => [
  [path, model],
  ...model.layers.filter(isModel).flatMap((inner) => modelsOf(inner, path ? `${path}.${inner.name}` : inner.name)),
];

/** Whether its weights have a place in a PyTorch state dict. */
const isKnown = (layer: layers.Layer): boolean => isOurs(layer) || STOCK.has(layer.getClassName());

/** A layer by its path, with its tensors. */
export interface LayerSlots {
  readonly path: string;
  readonly layer: layers.Layer;
  readonly slots: readonly Slot[];
}

/** All layers in the net's order; those of a model inside it come under its name. */
function* layersOf(model: LayersModel, prefix = ''): Generator<readonly [path: string, layer: layers.Layer]> {
  for (const layer of model.layers) {
    const path = prefix + layer.name;
    if (isModel(layer)) yield* layersOf(layer, `${path}.`);
    else yield [path, layer];
  }
}

/** All layers of any net with their tensors: those that have no place in a state dict are named by tfjs. */
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

/** Every tensor of the net's state dict, layer by layer. */
export function slotsOf(model: LayersModel): Slot[] {
  for (const [path, layer] of layersOf(model))
    if (layer.weights.length > 0 && !isKnown(layer))
      throw new CnnzooError(
        'INPUT',
        `Layer '${path}' is a ${layer.getClassName()}, whose weights have no place in a PyTorch state dict here: ` +
          `expected layers of @cnnzoo/core, or ${[...STOCK].join(', ')}.`,
      );
  return weightsOf(model);
}

/** As `slotsOf`, of any net. */
export const weightsOf = (model: LayersModel): Slot[] => layerSlotsOf(model).flatMap(({ slots }) => slots);
