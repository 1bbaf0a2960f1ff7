import { isUrl } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { checkOptions } from '../../options.js';
import { checkFunction, type EmaOptions, namesOf, RUN_OPTIONS } from '../loop/index.js';
import type {
  CheckpointOptions,
  EarlyStopping,
  FeatureOptions,
  FitOptions,
  ResumeOptions,
  StageOptions,
} from './options.js';
import { RESUME_DIFFERENCES } from './same-setup.js';

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

/** Refuses options that `fit`, or a part of its options, does not have. */
export function checkFitOptions(options: FitOptions): void {
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
