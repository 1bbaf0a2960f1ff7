import type { Augment } from '../../../data/augment/augment.js';
import type { BatchOptions, Dataset } from '../../../data/dataset.js';
import { CnnzooError } from '../../../errors.js';
import { partOf } from '../../../layers/part.js';
import { checkWhole } from '../../../options.js';
import { Random } from '../../../random.js';
import { warn } from '../../../warn.js';
import { restOfNet } from '../../loop/index.js';
import type { FeatureOptions } from '../options.js';
import type { Source, StageContext } from '../stage-run.js';
import { cutOf } from './cut.js';
import { keptFeatures } from './features-store.js';

/** Images that go through the frozen part together. */
const BATCH = 32;

/** Of one set's features in memory, in bytes. */
const MOST_IN_MEMORY = 2 ** 30;

/**
 * The same training on what the frozen layers at the beginning of the net make of the data, computed once; undefined
 * where there are none, or where their input is another in every epoch.
 * @throws CnnzooError INPUT where features are asked for and can't be had.
 */
export async function frozenFeatures(source: Source, context: StageContext): Promise<Source | undefined> {
  const { trainee, data, validation, augment, preprocessing } = source;
  const { stage, options, reports, seed, index } = context;
  const { model } = trainee;
  if (stage.features === false) return undefined;
  const { views, directory }: FeatureOptions = stage.features ?? {};
  if (views !== undefined) checkWhole('views', views, 1);
  const cut = cutOf(model);
  const changes = (augment !== undefined && views === undefined) || stage.mix !== undefined;
  if (!cut || changes) {
    if (stage.features) throw noFeatures(model.name, cut !== undefined);
    return undefined;
  }
  const { signal } = options;
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
      ...(change && { views: { count: views ?? 1, augment: change, random: new Random(seed + index) } }),
      ...(directory !== undefined && { directory }),
      mostInMemory: MOST_IN_MEMORY,
      onImages: (done) => reports.images('features', before + done, total),
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
  return {
    trainee: restOfNet(model, cut),
    data: features,
    validation: validated,
    augment: undefined,
    preprocessing: undefined,
  };
}

const noFeatures = (name: string, isFrozen: boolean): CnnzooError =>
  new CnnzooError(
    'INPUT',
    isFrozen
      ? 'fit: features are kept of images that are the same in every epoch: leave out mix, and augment unless you give views.'
      : `fit: features are kept of the frozen layers that '${name}' begins with: freeze some first.`,
  );
