import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Augment } from '../../../data/augment/index.js';
import type { BatchOptions, Dataset } from '../../../data/late.js';
import { cutOf, partOf } from '../../../graph/late.js';
import type { Preprocessing } from '../../../images/index.js';
import { CnnzooError, checkWhole, Random, warn } from '../../../util/index.js';
import { layersAfter, type Trainee } from '../../loop/index.js';
import type { Stage } from '../complete-options.js';
import { type FeaturesRequest, featureBatches, product, TargetsGatherer, viewsOf } from './compute.js';
import { FeaturesDataset, rowsInMemory } from './features-dataset.js';

/** Images that go through the frozen layers together. */
const BATCH = 32;

/** Bytes that one data set's features may take in memory. */
const MOST_IN_MEMORY = 2 ** 30;

/** The images that a stage trains and validates on. */
export interface StageImages {
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly augment: Augment | undefined;
  readonly preprocessing: Preprocessing | undefined;
}

/** Settings for computing features, beside the stage's options. */
export interface FeatureWork {
  /** Seed of augmented views. */
  readonly seed: number;
  /** Called after every batch with the number of images processed and the total. */
  readonly onImages: (done: number, total: number) => void;
}

/** The layers after the frozen ones, with the frozen layers' outputs as their data. */
export interface FrozenFeatures {
  readonly trainee: Trainee;
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
}

/**
 * Computes the outputs of the frozen layers at the beginning of a net once, and returns what is left to train. undefined
 * if there are no such layers, if their input differs from epoch to epoch, or if memory can't hold their outputs.
 * @throws CnnzooError INPUT if the stage asks for features and they can't be kept.
 */
export async function frozenFeatures(
  model: LayersModel,
  { data, validation, augment, preprocessing }: StageImages,
  { features: asked, mix, signal }: Stage,
  { seed, onImages }: FeatureWork,
): Promise<FrozenFeatures | undefined> {
  if (asked === false) return undefined;
  const { views, directory } = asked ?? {};
  if (views !== undefined) checkWhole('views', views, 1);
  const cut = cutOf(model);
  const inputDiffers = (augment !== undefined && views === undefined) || mix !== undefined;
  if (!cut || inputDiffers) {
    if (asked) throw noFeatures(model.name, cut !== undefined);
    return undefined;
  }
  const batching: BatchOptions = {
    batchSize: BATCH,
    ...(preprocessing && { preprocessing }),
    ...(signal && { signal }),
  };
  const part = partOf(model, model.inputs[0]!, [cut]);
  const ofData = data.size * (augment ? (views ?? 1) : 1);
  const total = ofData + (validation?.size ?? 0);
  const keep = (of: Dataset, before: number, change?: Augment): Promise<Dataset | undefined> =>
    keptFeatures({
      part,
      model,
      cut,
      data: of,
      batching,
      ...(change && { views: { count: views ?? 1, augment: change, random: new Random(seed) } }),
      ...(directory !== undefined && { directory }),
      mostInMemory: MOST_IN_MEMORY,
      onImages: (done) => onImages(before + done, total),
    });
  const features = await keep(data, 0, augment);
  const validated = validation && (await keep(validation, ofData));
  if (!features || (validation && !validated)) {
    warn(
      'fit computes the features of the frozen layers again in every epoch, because they are too many for memory: ' +
        `more than ${MOST_IN_MEMORY / 2 ** 20} MiB. Give it a directory for them: features: { directory }.`,
    );
    return undefined;
  }
  return { trainee: layersAfter(model, cut), data: features, validation: validated };
}

/** Returns a data set of features; undefined if they take too much memory and there is no directory. */
async function keptFeatures(request: FeaturesRequest): Promise<Dataset | undefined> {
  if (request.directory === undefined) return inMemory(request);
  return (await import('./features-file.js')).inDirectory(request, request.directory);
}

async function inMemory(request: FeaturesRequest): Promise<Dataset | undefined> {
  const { data, mostInMemory } = request;
  const targets = new TargetsGatherer(data.size);
  let [values, at, shape]: [Float32Array | undefined, number, readonly number[]] = [undefined, 0, []];
  for await (const batch of featureBatches(request)) {
    if (!values) {
      shape = batch.shape;
      const size = product(shape) * data.size * viewsOf(request);
      if (4 * size > mostInMemory) return undefined;
      values = new Float32Array(size);
    }
    values.set(batch.values, at);
    at += batch.values.length;
    targets.add(batch);
  }
  if (!values) return data;
  const rows = rowsInMemory(values, product(shape));
  return new FeaturesDataset(data.categories, rows, shape, targets.all, viewsOf(request));
}

const noFeatures = (name: string, isFrozen: boolean): CnnzooError =>
  new CnnzooError(
    'INPUT',
    isFrozen
      ? 'fit: features are kept of images that are the same in every epoch: leave out mix, and augment unless you give views.'
      : `fit: features are kept of the frozen layers that '${name}' begins with: freeze some first.`,
  );
