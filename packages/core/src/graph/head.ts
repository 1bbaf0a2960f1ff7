import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { netModel } from './net-model.js';

/** What a builder notes in the model about itself. */
export interface ModelNote {
  readonly model: string;
  /** The state_dict path of the head. */
  readonly head: string;
  /** Those of heads that only the loss sees. */
  readonly auxiliaryHeads?: readonly string[];
}

export const noteOf = (model: LayersModel): ModelNote | undefined =>
  (model.getUserDefinedMetadata() as { cnnzoo?: ModelNote } | undefined)?.cnnzoo;

/** Whether a key, or a layer's name, belongs to what `numClasses` replaces: the head, and those that only the loss sees. */
export const isInHead = ({ head, auxiliaryHeads = [] }: ModelNote, key: string): boolean =>
  [head, ...auxiliaryHeads].some((path) => isUnder(path, key));

export const writeNote = (model: LayersModel, note: ModelNote): void => model.setUserDefinedMetadata({ cnnzoo: note });

const headLayer = (model: LayersModel, head: string): layers.Layer | undefined =>
  model.layers.find(({ name }) => isUnder(head, name));

/** Returns false if the net gives features, not logits. */
export function hasHead(model: LayersModel): boolean {
  const note = noteOf(model);
  return !note || headLayer(model, note.head) !== undefined;
}

/** Throws where the net gives features, not logits. */
export function requireHead(model: LayersModel): void {
  if (hasHead(model)) return;
  throw new CnnzooError(
    'INPUT',
    `The net '${model.name}' has no head '${noteOf(model)?.head}' to classify with: it was made with numClasses: 0. ` +
      'Use embed, or make it with numClasses or categories.',
  );
}

/** The net up to its head, on the same weights: images -> [n, features], averaged over the map where there is one. */
export function featuresOf(model: LayersModel): LayersModel {
  const note = noteOf(model);
  if (!note)
    throw new CnnzooError(
      'INPUT',
      `The net '${model.name}' does not say where its head is: expected one made by a builder, pretrained or load. ` +
        'Use activations with the name of a layer.',
    );
  const first = headLayer(model, note.head);
  const output = first ? (first.input as SymbolicTensor) : model.outputs[0]!;
  const pooled = output.shape.length === 4 ? layers.globalAveragePooling2d({ name: 'pooled' }).apply(output) : output;
  return netModel({ inputs: model.inputs, outputs: pooled as SymbolicTensor });
}

/** The net on the same weights with the outputs of the named layers as its own. */
export function tapOf(model: LayersModel, names: readonly string[]): LayersModel {
  const outputs = names.map((name) => {
    const layer = model.layers.find((candidate) => candidate.name === name);
    if (layer) return layer.output as SymbolicTensor;
    throw new CnnzooError(
      'INPUT',
      `The net '${model.name}' has no layer '${name}'. It has: ${model.layers.map((l) => l.name).join(', ')}.`,
    );
  });
  if (outputs.length === 0)
    throw new CnnzooError('INPUT', 'activations: expected the name of at least one layer, received none.');
  return netModel({ inputs: model.inputs, outputs });
}
