import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../../errors.js';
import { weightsOf } from '../../weights/slots.js';

/** Weights that a training holds. */
const claimed = new WeakSet<LayerVariable>();

/**
 * Claims a net's weights for one training; two at once would each train on the other's steps. Returns the function
 * that gives the weights back.
 * @param where the function that trains, for the message.
 * @throws CnnzooError TRAINING if another training, of this net or of one that shares weights with it, is under way.
 */
export function claim(where: string, model: LayersModel): () => void {
  const weights = weightsOf(model).map(({ variable }) => variable);
  if (weights.some((weight) => claimed.has(weight)))
    throw new CnnzooError(
      'TRAINING',
      `${where}: '${model.name}' is being trained already. Await that training's end first: the promise of fit, or the ` +
        'loop over train, which must be left or returned from.',
    );
  for (const weight of weights) claimed.add(weight);
  return () => {
    for (const weight of weights) claimed.delete(weight);
  };
}
