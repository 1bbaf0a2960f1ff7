import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CnnzooError } from './errors.js';

/**
 * The function from logits to scores: 'softmax' of nets whose images have one class each, 'sigmoid' of nets whose classes
 * are independent of one another (several labels an image, or the one class of a net of one logit).
 */
export type OutputActivation = 'softmax' | 'sigmoid';

/** Its key in a model's metadata, so that the model knows it in whatever holds it. */
const KEY = 'cnnzooActivation';

/** The activation that was noted for a model. Default: 'sigmoid' of one logit, else 'softmax'. */
export function outputActivationOf(model: LayersModel): OutputActivation {
  const noted = (model.getUserDefinedMetadata() as { [KEY]?: OutputActivation } | undefined)?.[KEY];
  return noted ?? (model.outputs[0]!.shape.at(-1) === 1 ? 'sigmoid' : 'softmax');
}

/** @throws CnnzooError INPUT unless it is an activation. */
export function noteOutputActivation(model: LayersModel, activation: OutputActivation): void {
  if (activation !== 'softmax' && activation !== 'sigmoid')
    throw new CnnzooError('INPUT', `expected activation 'softmax' or 'sigmoid', received '${activation}'.`);
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), [KEY]: activation });
}
