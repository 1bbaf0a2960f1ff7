import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError, shownValue } from '../util/index.js';
import { headLayer } from './head.js';
import { netModel } from './net-model.js';
import { requireOneCopy } from './one-copy.js';
import { isModel, layersOf, orderTo } from './order.js';
import { requireNote } from './require-head.js';

/** Net that gives its features itself, since its layers are not at hand. */
export interface GivesFeatures {
  readonly cnnzooFeatures?: SymbolicTensor | undefined;
}

/**
 * Returns the net up to its head, on the same weights: images [n, h, w, c] -> [n, features], averaged over a map.
 *
 * @throws CnnzooError INPUT if the net does not know its head, or is of another copy of tfjs-layers.
 */
export function featuresOf(model: LayersModel): LayersModel {
  requireOneCopy(model);
  const note = requireNote(model, 'Use activations with the name of a layer.');
  const first = headLayer(model, note.head);
  const input = first?.input as SymbolicTensor | undefined;
  const output = (model as GivesFeatures).cnnzooFeatures ?? input ?? model.outputs[0]!;
  const pooled = output.shape.length === 4 ? layers.globalAveragePooling2d({ name: 'pooled' }).apply(output) : output;
  return netModel({ inputs: model.inputs, outputs: pooled as SymbolicTensor });
}

/**
 * Returns the net on the same weights with the outputs of the named layers as its own.
 *
 * @param names paths in the state dict. A layer of a net inside comes under its name; the inner net's own name gives its
 * output.
 * @throws CnnzooError INPUT for a name that no layer has, or that of a layer applied several times; for a net of another
 * copy of tfjs-layers.
 */
export function tapOf(model: LayersModel, names: readonly string[]): LayersModel {
  requireOneCopy(model);
  if (!Array.isArray(names))
    throw new CnnzooError('INPUT', `activations: expected a list of layer names, received ${shownValue(names)}.`);
  if (names.length === 0)
    throw new CnnzooError('INPUT', 'activations: expected the name of at least one layer, received none.');
  return netModel({ inputs: model.inputs, outputs: outputsAt(model, names) });
}

/**
 * Returns tensors of a net's own graph with the outputs of layers, by their paths. A layer of an inner net is an output of
 * a copy of the inner net, on the same weights.
 *
 * @throws CnnzooError INPUT for a path that no layer has, or that of a layer applied several times.
 */
export function outputsAt(model: LayersModel, paths: readonly string[]): SymbolicTensor[] {
  const order = orderTo(model.outputs);
  const refuse = (why: string): CnnzooError => new CnnzooError('INPUT', `The net '${model.name}' ${why}`);
  /** Returns the output of a layer; undefined if the net's graph has the tensors of the inner net itself. */
  const outputOf = (layer: layers.Layer): SymbolicTensor | undefined => {
    const [output, second] = order.filter((each) => each.sourceLayer === layer && !each.outputTensorIndex);
    if (!second) return output;
    throw refuse(`applies '${layer.name}' several times: expected a layer that is applied once.`);
  };
  const found = new Map<string, SymbolicTensor>();
  for (const layer of model.layers) {
    if (paths.includes(layer.name))
      found.set(layer.name, outputOf(layer) ?? (layer as unknown as LayersModel).outputs[0]!);
    const inside = paths.filter((path) => isModel(layer) && path.startsWith(`${layer.name}.`));
    if (!isModel(layer) || inside.length === 0) continue;
    const inner: LayersModel = layer;
    const outputs = outputsAt(
      inner,
      inside.map((path) => path.slice(inner.name.length + 1)),
    );
    const applied = outputOf(layer);
    const reached = applied ? applyTapped(applied, outputs) : outputs;
    for (const [i, path] of inside.entries()) found.set(path, reached[i]!);
  }
  return paths.map((path) => {
    const output = found.get(path);
    if (output) return output;
    const known = Array.from(layersOf(model), ([each]) => each);
    throw refuse(`has no layer '${path}'. It has: ${known.join(', ')}.`);
  });
}

function applyTapped({ sourceLayer, inputs }: SymbolicTensor, outputs: SymbolicTensor[]): SymbolicTensor[] {
  const inner = sourceLayer as unknown as LayersModel;
  // Layers after the inner net may need the inner net itself, and no two layers may have one name.
  const tapped = netModel({ inputs: inner.inputs, outputs, name: `${inner.name}_taps` });
  return [tapped.apply(inputs) as SymbolicTensor | SymbolicTensor[]].flat();
}
