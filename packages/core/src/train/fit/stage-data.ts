import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Augment } from '../../data/augment/index.js';
import type { Dataset } from '../../data/late.js';
import { compose, horizontalFlip, randomResizedCrop } from '../../data.js';
import { isInHead, modelOf, type Net, noteOf, preprocessingOf, weightsOf } from '../../graph/index.js';
import type { Preprocessing } from '../../images/index.js';
import { type RunInput, wholeNet } from '../loop/index.js';
import type { Stage } from './complete-options.js';
import { type FeatureWork, frozenFeatures } from './features/frozen-features.js';

/** The layers that a stage trains, with the images, or the frozen layers' outputs, that it trains and validates on. */
export interface StageData extends RunInput {
  readonly validation: Dataset | undefined;
  readonly augment: Augment | undefined;
}

/** Returns the net with its images, or the layers after the frozen ones with the frozen layers' outputs. */
export async function stageData(
  net: Net,
  data: Dataset,
  validation: Dataset | undefined,
  stage: Stage,
  work: FeatureWork,
): Promise<StageData> {
  const model = modelOf(net);
  const preprocessing = preprocessingOf(net);
  const augment =
    stage.augment === undefined ? defaultAugment(model, data, preprocessing) : (stage.augment ?? undefined);
  const images = { data, validation, augment, preprocessing };
  const features = await frozenFeatures(model, images, stage, work);
  // Features are preprocessed and augmented already.
  if (features) return { ...features, augment: undefined };
  return { trainee: wholeNet(model), ...images };
}

/**
 * Returns torchvision's augmentation for training on image files, a random resized crop to the size that the net expects
 * and a flip; undefined for other data. A frozen backbone gets none: it gives the same features in every epoch.
 */
function defaultAugment(
  model: LayersModel,
  data: Dataset,
  preprocessing: Preprocessing | undefined,
): Augment | undefined {
  if (!data.fromFiles || !preprocessing || !backboneTrains(model)) return undefined;
  return compose(randomResizedCrop(preprocessing.crop), horizontalFlip());
}

/** Returns true if a step may change a weight before the head. */
function backboneTrains(model: LayersModel): boolean {
  const note = noteOf(model);
  const trainable = new Set(model.trainableWeights);
  return weightsOf(model).some(({ key, variable }) => trainable.has(variable) && !(note && isInHead(note, key)));
}
