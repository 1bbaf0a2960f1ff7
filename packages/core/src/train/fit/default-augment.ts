import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Augment } from '../../data/augment/augment.js';
import type { Dataset } from '../../data/dataset.js';
import { compose, horizontalFlip, randomResizedCrop } from '../../data/index.js';
import { isInHead, noteOf } from '../../features.js';
import type { Preprocessing } from '../../images/prepare.js';
import { weightsOf } from '../../weights/slots.js';

/** Whether a step may change a weight below the head. */
function backboneTrains(model: LayersModel): boolean {
  const note = noteOf(model);
  const trainable = new Set(model.trainableWeights);
  return weightsOf(model).some(({ key, variable }) => trainable.has(variable) && !(note && isInHead(note, key)));
}

/**
 * What image files are changed by unless told otherwise: torchvision's recipe for training, a random resized crop of
 * the size of the weights and a flip. A frozen backbone gives the same features in every epoch: no augmentation there.
 */
export function defaultAugment(
  model: LayersModel,
  data: Dataset,
  preprocessing: Preprocessing | undefined,
): Augment | undefined {
  if (!data.fromFiles || !preprocessing || !backboneTrains(model)) return undefined;
  return compose(randomResizedCrop(preprocessing.crop), horizontalFlip());
}
