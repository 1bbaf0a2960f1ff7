import { CnnzooError, checkOptions, isUrl } from '../../util/index.js';
import {
  type CompleteRunOptions,
  checkFunction,
  completeRunOptions,
  type EmaOptions,
  namesOf,
  RUN_OPTIONS,
} from '../loop/index.js';
import {
  type CheckpointOptions,
  type EarlyStopping,
  type FeatureOptions,
  type FitOptions,
  RESUME_DIFFERENCES,
  type ResumeDifference,
  type ResumeOptions,
  type StageOptions,
} from './options.js';

const { signal: _, ...ofRun } = RUN_OPTIONS;

const ofStage = {
  ...ofRun,
  freeze: true,
  ema: true,
  earlyStopping: true,
  features: true,
} satisfies Record<keyof StageOptions, true>;

const STAGE = namesOf<StageOptions>(ofStage);
const FIT = namesOf<FitOptions>({
  ...ofStage,
  matchCategories: true,
  stages: true,
  validation: true,
  seed: true,
  checkpoint: true,
  resume: true,
  log: true,
  stepLosses: true,
  onStep: true,
  onEpoch: true,
  onImages: true,
  onProgress: true,
  signal: true,
});
const CALLBACKS = ['onStep', 'onEpoch', 'onImages', 'onProgress'] as const;
const EMA = namesOf<EmaOptions>({ decay: true });
const EARLY_STOPPING = namesOf<EarlyStopping>({ patience: true, monitor: true });
const FEATURES = namesOf<FeatureOptions>({ views: true, directory: true });
const CHECKPOINT = namesOf<CheckpointOptions>({ directory: true, everySteps: true, keep: true });
const RESUME = namesOf<ResumeOptions>({ allow: true });

/** Options of a stage with all defaults filled in. The defaults of `loss` and `augment` follow from net and data. */
export type Stage = Omit<StageOptions, 'earlyStopping'> &
  Omit<CompleteRunOptions, 'augment'> & { readonly earlyStopping: Required<EarlyStopping> | undefined };

/** Options of a training with all defaults filled in. */
export interface CompleteFitOptions extends Omit<FitOptions, keyof StageOptions | 'stages' | 'resume' | 'stepLosses'> {
  readonly stages: readonly Stage[];
  /** Differences that a resumption allows; undefined for a training that begins. */
  readonly resume: readonly ResumeDifference[] | undefined;
  readonly stepLosses: boolean;
}

/**
 * Checks the options of `fit` and fills in their defaults: the one place that knows them.
 * @throws CnnzooError INPUT for an option that is unknown, out of its range or does not fit the others.
 */
export function completeFitOptions(options: FitOptions): CompleteFitOptions {
  checkNames(options);
  const { stages = [{}], validation, resume, stepLosses = false } = options;
  if (stages.length === 0) throw new CnnzooError('INPUT', 'fit: expected at least one stage, received none.');
  const stageOf = (own: Partial<StageOptions>, i: number): Stage => {
    const where = stages.length > 1 ? `stage ${i}` : 'fit';
    const { earlyStopping, ...run } = completeRunOptions(where, { ...options, ...own });
    return { ...run, earlyStopping: completeEarlyStopping(where, earlyStopping, validation !== undefined) };
  };
  return {
    ...options,
    stages: stages.map(stageOf),
    resume: resume ? (resume !== true && resume.allow) || [] : undefined,
    stepLosses,
  };
}

function completeEarlyStopping(
  where: string,
  options: EarlyStopping | undefined,
  hasValidation: boolean,
): Required<EarlyStopping> | undefined {
  if (!options) return undefined;
  const { patience, monitor = 'loss' } = options;
  if (!hasValidation)
    throw new CnnzooError('INPUT', `${where}: earlyStopping watches the validation: give a validation set.`);
  if (!(patience > 0) || !['loss', 'top1'].includes(monitor))
    throw new CnnzooError(
      'INPUT',
      `fit: expected earlyStopping with patience above 0 and monitor 'loss' or 'top1', received ${patience} and ` +
        `'${monitor}'.`,
    );
  return { patience, monitor };
}

/** Refuses options that `fit`, or a part of its options, does not have. */
function checkNames(options: FitOptions): void {
  checkOptions('fit', options ?? null, FIT);
  for (const name of CALLBACKS) checkFunction(name, options[name], '(event) => console.log(event)');
  const { stages = [], checkpoint, resume } = options;
  if (!Array.isArray(stages))
    throw new CnnzooError('INPUT', `fit: expected stages to be a list of options, received ${typeof stages}.`);
  for (const [i, stage] of stages.entries()) checkOptions(`fit, stage ${i}`, stage, STAGE);
  for (const { ema, earlyStopping, features } of [options, ...stages]) {
    if (ema) checkOptions('fit, ema', ema, EMA);
    if (earlyStopping) checkOptions('fit, earlyStopping', earlyStopping, EARLY_STOPPING);
    if (features) checkOptions('fit, features', features, FEATURES);
  }
  if (checkpoint !== undefined && typeof checkpoint !== 'string' && !isUrl(checkpoint))
    checkOptions('fit, checkpoint', checkpoint, CHECKPOINT);
  if (resume && resume !== true) checkResume(resume);
}

function checkResume(resume: ResumeOptions): void {
  checkOptions('fit, resume', resume, RESUME);
  const { allow = [] } = resume;
  const known: readonly string[] = RESUME_DIFFERENCES;
  if (!Array.isArray(allow))
    throw new CnnzooError('INPUT', `fit, resume: expected allow to be a list of names, received ${typeof allow}.`);
  const stray = allow.find((name) => !known.includes(name));
  if (stray !== undefined)
    throw new CnnzooError('INPUT', `fit, resume: can't allow '${stray}'. Expected names of ${known.join(', ')}.`);
}
