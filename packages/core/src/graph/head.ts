import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';

/** Metadata that a builder writes into its model. */
export interface ModelNote {
  readonly model: string;
  /** state_dict path of the head. */
  readonly head: string;
  /** Paths of the auxiliary heads, which only the loss uses. */
  readonly auxiliaryHeads?: readonly string[];
}

/** Returns the builder's metadata; undefined if the net was not made by a builder. */
export const noteOf = (model: LayersModel): ModelNote | undefined =>
  (model.getUserDefinedMetadata() as { cnnzoo?: ModelNote } | undefined)?.cnnzoo;

/** Returns true if the key or layer path is in the head or an auxiliary head. */
export const isInHead = ({ head, auxiliaryHeads = [] }: ModelNote, key: string): boolean =>
  [head, ...auxiliaryHeads].some((path) => isUnder(path, key));

export const writeNote = (model: LayersModel, note: ModelNote): void => model.setUserDefinedMetadata({ cnnzoo: note });

/** Returns the first layer of the head; undefined if the net outputs features. */
export const headLayer = (model: LayersModel, head: string): layers.Layer | undefined =>
  model.layers.find(({ name }) => isUnder(head, name));

/** Returns false if the net outputs features, not logits. */
export function hasHead(model: LayersModel): boolean {
  const note = noteOf(model);
  return !note || headLayer(model, note.head) !== undefined;
}
