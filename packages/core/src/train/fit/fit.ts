import { accelerateBackend } from '../../backend/accelerate.js';
import { requireBackend } from '../../backend/require.js';
import type { Dataset } from '../../data/dataset.js';
import { CnnzooError } from '../../errors.js';
import { freeze, unfreeze } from '../../freeze.js';
import { modelOf, type Net } from '../../net.js';
import { noteOutputActivation } from '../../output-activation.js';
import { Random } from '../../random.js';
import { warn } from '../../warn.js';
import { slotsOf } from '../../weights/slots.js';
import { loadStateDict } from '../../weights/state-dict.js';
import { checkEpochs, checkNotEmpty, claim, matchCategories, namedBy, stepsPerEpoch } from '../loop/index.js';
import { Checkpoints, type FitState } from './checkpoints.js';
import { frozenOf, setFrozen } from './frozen.js';
import type { EpochRecord, History } from './history.js';
import { checkFitOptions } from './known-options.js';
import type { FitOptions } from './options.js';
import { Reports } from './reports.js';
import { type ResumeDifference, requireSame } from './same-setup.js';
import { setupOf } from './setup.js';
import { StageRun } from './stage-run.js';
import { type Stage, stagesOf } from './stages.js';

const SEEDS = 2 ** 32;

/**
 * Trains a net over a data set, epoch after epoch, stage after stage, and resolves to what came of it. In the end the
 * net has the weights of the last step; of the best epoch, where `earlyStopping` watches; their average, where `ema` is
 * on. Where it throws, the net is as it was after the last step, and the newest checkpoint lets it go on.
 * @throws CnnzooError INPUT for options that don't fit together, data sets without images, and a checkpoint of another
 * training; TRAINING where a loss is not finite, nothing is trainable, or the net is being trained already; ABORTED by the signal; FILE for places that can't be written to, before the first step; FORMAT of the
 * checkpoints.
 */
export async function fit(net: Net, data: Dataset, options: FitOptions): Promise<History> {
  requireBackend('fit');
  checkFitOptions(options);
  checkNotEmpty('fit', data);
  if (options.validation) checkNotEmpty("fit's validation", options.validation);
  const release = claim('fit', modelOf(net));
  try {
    return await trainStages(net, data, options);
  } finally {
    release();
  }
}

async function trainStages(net: Net, given: Dataset, givenOptions: FitOptions): Promise<History> {
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
  for (const stage of stages) checkEpochs(data.size, stage);
  requireParts(net, stages);
  await requireFeatureDirectories(stages);
  const checkpoints = options.checkpoint === undefined ? undefined : await Checkpoints.open(options.checkpoint);
  const saved = await savedState(net, checkpoints, Boolean(options.resume));
  const setup = checkpoints && (await setupOf(net, data, options.validation, stages));
  const changes = saved && setup && requireSame(setup, saved, allowedBy(options));
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
    steps: stages.reduce((sum, stage) => sum + stage.epochs * stepsPerEpoch(data.size, stage), 0),
    resumed: saved && saved.stepsBefore + saved.position.step,
  });
  const random = new Random(seed);
  const epochs: EpochRecord[] = [...(saved?.epochs ?? [])];
  let stepsBefore = saved?.stepsBefore ?? 0;
  try {
    for (let index = saved?.stage ?? 0; index < stages.length; index++) {
      const stage = stages[index]!;
      const from = index === saved?.stage ? withFittingOptimizer(net, saved, stage, changes) : undefined;
      // What was frozen is known by the checkpoint, unless it is from before it was kept or is to be other now.
      const frozen = changes?.has('freeze') ? undefined : from?.frozen;
      if (frozen) setFrozen(modelOf(net), frozen.atStart);
      else freezeFor(net, from ? stages.slice(0, index + 1) : [stage]);
      const shared = { net, data, options, checkpoints, reports, random, epochs, setup, seed };
      const run = await StageRun.begin({ ...shared, stage, index, stepsBefore }, from);
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

/** Refuses parts to freeze that the net does not have: a stage finds them when those before it have been trained. */
function requireParts(net: Net, stages: readonly Stage[]): void {
  const before = frozenOf(modelOf(net));
  try {
    for (const stage of stages) freezeFor(net, [stage]);
  } finally {
    setFrozen(modelOf(net), before);
  }
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

/** The state, less the optimizer's if another one is allowed and can't go on from it. */
function withFittingOptimizer(
  net: Net,
  saved: FitState,
  { optimizer }: Stage,
  changes: ReadonlySet<string> | undefined,
): FitState {
  if (!changes?.has('optimizer')) return saved;
  const keys = slotsOf(modelOf(net)).map(({ key }) => key);
  try {
    optimizer.start(keys, saved.optimizer).dispose();
    return saved;
  } catch (error) {
    if (!(error instanceof CnnzooError) || error.code !== 'STATE_DICT') throw error;
    warn(`fit: the optimizer begins anew, because it can't go on from the checkpoint's: ${error.message}`);
    return { ...saved, optimizer: new Map() };
  }
}

const allowedBy = ({ resume }: FitOptions): readonly ResumeDifference[] =>
  (typeof resume === 'object' && resume.allow) || [];

/** Freezes what the last of some stages that says so has frozen. */
function freezeFor(net: Net, stages: readonly Stage[]): void {
  const part = stages.findLast(({ freeze }) => freeze !== undefined)?.freeze;
  if (part === undefined) return;
  unfreeze(net);
  freeze(net, part);
}

function requireSeed(then: number, now: number | undefined): void {
  if (now !== undefined && now !== then)
    throw new CnnzooError('INPUT', `fit: the checkpoint's run has the seed ${then}, received ${now}.`);
}
