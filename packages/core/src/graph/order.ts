import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Lists the tensors between `from` (exclusive) and `to`, each after the tensors that it is computed from. */
export function orderTo(to: readonly SymbolicTensor[], from: readonly SymbolicTensor[] = []): SymbolicTensor[] {
  const order = new Set<SymbolicTensor>();
  const visit = (tensor: SymbolicTensor): void => {
    if (order.has(tensor) || from.includes(tensor)) return;
    tensor.inputs.forEach(visit);
    order.add(tensor);
  };
  to.forEach(visit);
  return [...order];
}

export const isModel = (layer: layers.Layer | LayersModel): layer is LayersModel => 'layers' in layer;

/** Returns true for a layer of ours, of this copy of core or another. */
export const isOwn = (layer: layers.Layer): boolean => layer.getClassName().startsWith('cnnzoo.');

/** Lists a net and the nets inside it by their paths, the outermost first. Its own path is ''. */
export const modelsOf = (model: LayersModel, path = ''): (readonly [path: string, model: LayersModel])[] => [
  [path, model],
  ...model.layers.filter(isModel).flatMap((inner) => modelsOf(inner, path ? `${path}.${inner.name}` : inner.name)),
];

/** Lists all layers of a net once, in the net's order. Layers of a net inside come under its name. */
export function* layersOf(model: LayersModel, prefix = ''): Generator<readonly [path: string, layer: layers.Layer]> {
  for (const layer of model.layers) {
    const path = prefix + layer.name;
    if (isModel(layer)) yield* layersOf(layer, `${path}.`);
    else yield [path, layer];
  }
}
