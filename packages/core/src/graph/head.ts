import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';

/** A builder's note in the metadata of its model. */
export interface ModelNote {
  readonly model: string;
  /** state_dict path of the head. */
  readonly head: string;
  /** state_dict paths of heads that only the loss sees. */
  readonly auxiliaryHeads?: readonly string[];
}

/** Returns a builder's note; undefined for a net of another origin. */
export const noteOf = (model: LayersModel): ModelNote | undefined =>
  (model.getUserDefinedMetadata() as { cnnzoo?: ModelNote } | undefined)?.cnnzoo;

/** Returns true if a key, or a layer's name, belongs to a head that `numClasses` replaces, auxiliary heads included. */
export const isInHead = ({ head, auxiliaryHeads = [] }: ModelNote, key: string): boolean =>
  [head, ...auxiliaryHeads].some((path) => isUnder(path, key));

export const writeNote = (model: LayersModel, note: ModelNote): void => model.setUserDefinedMetadata({ cnnzoo: note });

/** Returns the first layer of the head; undefined if the net gives features. */
export const headLayer = (model: LayersModel, head: string): layers.Layer | undefined =>
  model.layers.find(({ name }) => isUnder(head, name));

/** Returns false if the net gives features, not logits. */
export function hasHead(model: LayersModel): boolean {
  const note = noteOf(model);
  return !note || headLayer(model, note.head) !== undefined;
}

/** @throws CnnzooError INPUT if the net gives features, not logits. */
export function requireHead(model: LayersModel): void {
  if (hasHead(model)) return;
  throw new CnnzooError(
    'INPUT',
    `The net '${model.name}' has no head '${noteOf(model)?.head}' to classify with: it was made with numClasses: 0. ` +
      'Use embed, or make it with numClasses or categories.',
  );
}
