import { accelerateBackend } from '../../backend/accelerate.js';
import { requireBackend } from '../../backend/require.js';
import type { Dataset } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import { freeze, unfreeze } from '../../freeze.js';
import { modelOf, type Net } from '../../net.js';
import { Random } from '../../random.js';
import { slotsOf } from '../../weights/slots.js';
import { loadStateDict } from '../../weights/state-dict.js';
import { stepsPerEpoch } from '../epochs.js';
import { matchCategories, namedBy } from '../match-categories.js';
import { Checkpoints, type FitState, type Setup } from './checkpoints.js';
import type { EpochRecord, History } from './history.js';
import type { FitOptions } from './options.js';
import { Reports } from './reports.js';
import { StageRun } from './stage-run.js';
import { type Stage, stagesOf } from './stages.js';

const SEEDS = 2 ** 32;

/**
 * Trains a net over a data set, epoch after epoch, stage after stage, and resolves to what came of it. In the end the
 * net has the weights of the last step; of the best epoch, where `earlyStopping` watches; their average, where `ema` is
 * on. Where it throws, the net has the weights of the last step, and the newest checkpoint lets it go on.
 * @throws CnnzooError INPUT for options that don't fit together; TRAINING where the loss is not finite or nothing is
 * trainable; ABORTED by the signal; FILE for places that can't be written to, before the first step; FORMAT of the
 * checkpoints.
 */
export async function fit(net: Net, given: Dataset, givenOptions: FitOptions): Promise<History> {
  requireBackend('fit');
  const data = matchCategories(net, given, givenOptions, 'fit');
  const { validation } = givenOptions;
  const options: FitOptions = {
    ...givenOptions,
    ...(validation && {
      validation: matchCategories(namedBy(net, data), validation, givenOptions, "fit's validation"),
    }),
  };
  await accelerateBackend();
  const stages = stagesOf(options);
  await requireFeatureDirectories(stages);
  const checkpoints = options.checkpoint === undefined ? undefined : await Checkpoints.open(options.checkpoint);
  const setup = setupOf(net, data, stages);
  const saved = await savedState(net, checkpoints, options.resume ?? false);
  if (saved) {
    requireSame(setup, saved.setup);
    requireSeed(saved.seed, options.seed);
    await loadStateDict(net, saved.model);
  }
  const seed = saved?.seed ?? options.seed ?? Math.floor(Math.random() * SEEDS);
  const reports = await Reports.open({
    ...options,
    seed,
    epochs: stages.reduce((sum, { epochs }) => sum + epochs, 0),
    steps: stages.reduce((sum, stage) => sum + stage.epochs * stepsPerEpoch(data.size, stage), 0),
    resumed: saved && saved.stepsBefore + saved.position.step,
  });
  const random = new Random(seed);
  const epochs: EpochRecord[] = [...(saved?.epochs ?? [])];
  let stepsBefore = saved?.stepsBefore ?? 0;
  try {
    for (let index = saved?.stage ?? 0; index < stages.length; index++) {
      const stage = stages[index]!;
      if (stage.freeze !== undefined) {
        unfreeze(net);
        freeze(net, stage.freeze);
      }
      const from = index === saved?.stage ? saved : undefined;
      const shared = { net, data, options, checkpoints, reports, random, epochs, setup, seed };
      const run = await StageRun.begin({ ...shared, stage, index, stepsBefore }, from);
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

/** Refuses directories that can't be written to now: a stage finds them when those before it have been trained. */
async function requireFeatureDirectories(stages: readonly Stage[]): Promise<void> {
  const { requireWritable } = await import('#platform');
  for (const { features = false } of stages)
    if (features !== false && features.directory !== undefined) await requireWritable(features.directory);
}

/** What the training goes on from; undefined where it begins. */
async function savedState(
  net: Net,
  checkpoints: Checkpoints | undefined,
  resume: boolean,
): Promise<FitState | undefined> {
  if (!checkpoints) {
    if (resume)
      throw new CnnzooError('INPUT', 'fit: resume goes on from a checkpoint: name their directory, checkpoint.');
    return undefined;
  }
  // What a checkpoint can't hold is refused here, not after an epoch.
  slotsOf(modelOf(net));
  await checkpoints.clean();
  if (resume) return checkpoints.newest();
  await checkpoints.requireNone();
  return undefined;
}

const setupOf = (net: Net, { size }: Dataset, stages: readonly Stage[]): Setup => ({
  model: modelOf(net).name,
  images: size,
  stages: stages.length,
  batchSize: stages.map(({ batchSize }) => batchSize),
  accumulate: stages.map(({ accumulate }) => accumulate),
});

/**
 * Another batch size would take other images at the next step. More epochs are fine, and more stages behind those that the
 * checkpoint knows: that is what resuming is for.
 */
function requireSame(now: Setup, then: Setup): void {
  const known: Setup = {
    ...now,
    stages: Math.min(now.stages, then.stages),
    batchSize: now.batchSize.slice(0, then.stages),
    accumulate: now.accumulate.slice(0, then.stages),
  };
  for (const key of Object.keys(then) as (keyof Setup)[])
    if (`${known[key]}` !== `${then[key]}`)
      throw new CnnzooError(
        'INPUT',
        `fit: the checkpoint is of a training with ${key} ${then[key]}, received ${known[key]}. Go on with what it began ` +
          'with, or begin anew in another directory.',
      );
}

function requireSeed(then: number, now: number | undefined): void {
  if (now !== undefined && now !== then)
    throw new CnnzooError('INPUT', `fit: the checkpoint's run has the seed ${then}, received ${now}.`);
}
