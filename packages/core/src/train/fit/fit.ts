import { requireWritable } from '#platform';
import { requireBackend } from '../../backend/index.js';
import { accelerateBackend } from '../../backend/late.js';
import type { Dataset } from '../../data/late.js';
import { modelOf, type Net, noteOutputActivation } from '../../graph/index.js';
import { loadStateDict } from '../../state-dict/index.js';
import { Random } from '../../util/index.js';
import { checkNotEmpty, claim, epochSizes, matchCategories, namedBy } from '../loop/index.js';
import { Checkpoints } from './checkpoints.js';
import { type CompleteFitOptions, completeFitOptions, type Stage } from './complete-options.js';
import { freezeFor, requireParts, setFrozen } from './freezing.js';
import type { EpochRecord, History } from './history.js';
import type { FitOptions } from './options.js';
import { Reports } from './reports.js';
import { checkpointToResume, requireSame, requireSeed, withFittingOptimizer } from './resume.js';
import { setupOf } from './setup.js';
import { StageRun, type Training } from './stage.js';

const SEEDS = 2 ** 32;

/**
 * Trains a net that classifies over a data set, epoch after epoch and stage after stage. In the end the net has the
 * weights of the last step, of the best epoch if `earlyStopping` watches, or their average if `ema` is on. Where it
 * throws, the net is as it was after the last step, and the newest training checkpoint lets the training continue.
 *
 * @param net a LayersModel or a `Classifier` with logits [n, classes] as its output, or outputs.
 * @param data images [n, height, width, channels] that fit the net's input, with labels or soft targets.
 * @param options an optimizer; the number of epochs and all else have defaults.
 * @returns the record of every epoch, and the seed.
 * @throws CnnzooError INPUT for options that don't fit together, data sets without images, and a training checkpoint of
 * another training; TRAINING if a loss is not finite, nothing is trainable, or the net is being trained already; ABORTED
 * by the signal; FILE for places that can't be written to, before the first step; FORMAT if no training checkpoint can
 * be read.
 *
 * @example
 * ```ts
 * import { load } from '@cnnzoo/core';
 * import { imageFolder } from '@cnnzoo/core/data';
 * import { adamW, cosine, fit } from '@cnnzoo/core/train';
 *
 * const net = await load('my-net');
 * const { train, validation } = await imageFolder('flowers');
 * const { epochs } = await fit(net, train, {
 *   optimizer: adamW({ lr: cosine(1e-4) }),
 *   epochs: 5,
 *   validation: validation ?? undefined,
 *   checkpoint: 'runs/flowers',
 * });
 * console.log(epochs.at(-1)?.validation?.top1);
 * ```
 */
export async function fit(net: Net, data: Dataset, options: FitOptions): Promise<History> {
  requireBackend('fit');
  const complete = completeFitOptions(options);
  checkNotEmpty('fit', data);
  if (complete.validation) checkNotEmpty("fit's validation", complete.validation);
  const release = claim('fit', modelOf(net));
  try {
    return await trainStages(net, data, complete);
  } finally {
    release();
  }
}

async function trainStages(net: Net, given: Dataset, options: CompleteFitOptions): Promise<History> {
  // Labels by the net's names.
  const data = matchCategories(net, given, options, 'fit');
  const validation =
    options.validation && matchCategories(namedBy(net, data), options.validation, options, "fit's validation");
  await accelerateBackend();

  // Faults that a later stage would meet are found before the first step.
  const { stages } = options;
  const steps = stages.map((stage) => stage.epochs * epochSizes(data.size, stage).steps);
  requireParts(net, stages);
  await requireFeatureDirectories(stages);

  // The place to begin at, which a training checkpoint may hold.
  const checkpoints = options.checkpoint === undefined ? undefined : await Checkpoints.open(options.checkpoint);
  const saved = await checkpointToResume(net, checkpoints, options.resume !== undefined);
  const setup = checkpoints && (await setupOf(net, data, validation, stages));
  const changes = saved && setup && requireSame(setup, saved, options.resume ?? []);
  if (saved) {
    requireSeed(saved.seed, options.seed);
    await loadStateDict(net, saved.model);
    if (saved.activation) noteOutputActivation(modelOf(net), saved.activation);
  }
  const seed = saved?.seed ?? options.seed ?? Math.floor(Math.random() * SEEDS);
  const reports = await Reports.open({
    ...options,
    seed,
    epochs: stages.reduce((sum, { epochs }) => sum + epochs, 0),
    steps: steps.reduce((sum, each) => sum + each, 0),
    resumed: saved && saved.stepsBefore + saved.position.step,
  });

  // One stage after the other.
  const epochs: EpochRecord[] = [...(saved?.epochs ?? [])];
  const random = new Random(seed);
  const training: Training = { net, data, validation, options, checkpoints, reports, random, epochs, setup, seed };
  let stepsBefore = saved?.stepsBefore ?? 0;
  try {
    for (let index = saved?.stage ?? 0; index < stages.length; index++) {
      const stage = stages[index]!;
      const from = index === saved?.stage ? withFittingOptimizer(net, saved, stage, changes) : undefined;
      // The checkpoint knows what was frozen, unless it is old or the resumption changes it.
      const frozen = changes?.has('freeze') ? undefined : from?.frozen;
      if (frozen) setFrozen(modelOf(net), frozen.atStart);
      else freezeFor(net, from ? stages.slice(0, index + 1) : [stage]);
      const run = await StageRun.begin(training, index, stepsBefore, from);
      if (frozen) setFrozen(modelOf(net), frozen.now);
      try {
        stepsBefore += await run.toEnd();
      } finally {
        run.dispose();
      }
    }
  } finally {
    reports.end();
  }
  return { epochs, seed };
}

/** Refuses directories for features that can't be written to. */
async function requireFeatureDirectories(stages: readonly Stage[]): Promise<void> {
  for (const { features = false } of stages)
    if (features !== false && features.directory !== undefined) await requireWritable(features.directory);
}
