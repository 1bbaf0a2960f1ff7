import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';
import { hasHead, type ModelNote, noteOf } from './head.js';

/**
 * Returns the builder's metadata.
 *
 * @param advice sentence on another way, for a net without it.
 * @throws CnnzooError INPUT if the net was not made by a builder.
 */
export function requireNote(model: LayersModel, advice: string): ModelNote {
  const note = noteOf(model);
  if (note) return note;
  throw new CnnzooError(
    'INPUT',
    `The net '${model.name}' does not say where its head is: expected one made by a builder, pretrained or load. ${advice}`,
  );
}

/** @throws CnnzooError INPUT if the net outputs features, not logits. */
export function requireHead(model: LayersModel): void {
  if (hasHead(model)) return;
  throw new CnnzooError(
    'INPUT',
    `The net '${model.name}' has no head '${noteOf(model)?.head}' to classify with: it was made with numClasses: 0. ` +
      'Use embed, or make it with numClasses or categories.',
  );
}
