import type { Augment } from '../../data/augment/index.js';
import type { Dataset } from '../../data/late.js';
import type { Part } from '../../graph/late.js';
import type { EmaOptions, MatchOptions, RunOptions, Step } from '../loop/index.js';
import type { EpochRecord, FitProgress, ImageWork } from './history.js';

/** Options of early stopping. */
export interface EarlyStopping {
  /** Epochs without an improvement after which the stage ends, above 0. */
  patience: number;
  /**
   * The validation's measure to watch: the best epoch has the smallest loss, or the largest top-1.
   * @defaultValue 'loss'
   */
  monitor?: 'loss' | 'top1';
}

/** Options for keeping the outputs of frozen layers, so that they are computed once. */
export interface FeatureOptions {
  /**
   * Number of augmented views of each image to keep, of which every epoch draws one; at least 1.
   * @defaultValue the image as it is, without augmentation
   */
  views?: number;
  /**
   * A directory, by path or file: URL, that keeps them for later runs on the same weights and data.
   * @defaultValue memory, for this run
   */
  directory?: string | URL;
}

/** Options that may differ from stage to stage. */
export interface StageOptions extends Omit<RunOptions, 'signal' | 'augment'> {
  /**
   * The part to freeze in this stage; everything else trains. [] freezes nothing.
   * @defaultValue the weights that are frozen in the net when the stage begins
   */
  freeze?: Part;
  /**
   * Changes each image each time it is used. null: no augmentation.
   * @defaultValue a random resized crop and a flip for image files if a part of the backbone trains; otherwise none
   */
  augment?: Augment | null;
  /**
   * Keeps a moving average of weights and running statistics. The average is validated, and the net has it in the end.
   * @defaultValue no average
   */
  ema?: EmaOptions;
  /**
   * Ends the stage when the validation stops improving, and puts back the weights of its best epoch.
   * @defaultValue the stage runs to its last epoch
   */
  earlyStopping?: EarlyStopping;
  /**
   * If the net begins with frozen layers whose input is the same in every epoch, their outputs are kept and the layers
   * after them train on these: the same losses in a fraction of the time. false: never.
   * @defaultValue kept in memory, up to 1 GiB for a data set
   */
  features?: FeatureOptions | false;
}

/** Options of training checkpoints, the saved states of a run. */
export interface CheckpointOptions {
  /** The directory that holds them, by path or file: URL. */
  directory: string | URL;
  /**
   * Steps between two checkpoints, at least 1. Each epoch ends with a checkpoint too.
   * @defaultValue at the end of epochs only
   */
  everySteps?: number;
  /**
   * Number of the newest checkpoints to keep, at least 1.
   * @defaultValue 3
   */
  keep?: number;
}

/** Names of the differences that `resume: { allow }` takes. */
export const RESUME_DIFFERENCES = [
  'accumulate',
  'augment',
  'auxiliaryWeight',
  'batchSize',
  'categories',
  'clipNorm',
  'data',
  'dropLast',
  'earlyStopping',
  'ema',
  'epochs',
  'features',
  'freeze',
  'loss',
  'mix',
  'model',
  'optimizer',
  'preprocessing',
  'shuffle',
  'validation',
] as const;

/** A part of a training that may differ from the training that is resumed. */
export type ResumeDifference = (typeof RESUME_DIFFERENCES)[number];

/** Options of a resumption. */
export interface ResumeOptions {
  /**
   * Parts of the training that may differ from the training checkpoint's: names of options, 'data', 'categories',
   * 'model', 'preprocessing'. 'epochs' concerns stages that are over; later stages may always have more.
   * @defaultValue []
   */
  allow?: readonly ResumeDifference[];
}

/** Options of `fit`. Those of a stage hold for every stage that does not set its own. */
export interface FitOptions extends Omit<StageOptions, 'optimizer'>, MatchOptions {
  /** The rule that turns gradients into new weights, such as `sgd({ lr: 0.01 })`; of every stage that has none. */
  optimizer?: StageOptions['optimizer'];
  /**
   * Stages, one after the other. Each takes the options that it does not set from the options around it.
   * @defaultValue one stage
   */
  stages?: readonly Partial<StageOptions>[];
  /**
   * The data set to measure the net on after every epoch.
   * @defaultValue no validation
   */
  validation?: Dataset | undefined;
  /**
   * Seed of everything random: the same seed gives the same losses, on one backend and number of threads.
   * @defaultValue a random seed, which the history holds
   */
  seed?: number;
  /**
   * The directory for training checkpoints, by path or file: URL, or options with the directory.
   * @defaultValue no checkpoints
   */
  checkpoint?: string | URL | CheckpointOptions;
  /**
   * Continues from the newest training checkpoint, if there is one, as if there had been no interruption. Data, nets and
   * options that differ from the checkpoint's, as far as they can be described, are refused unless allowed by name.
   * @defaultValue false
   */
  resume?: boolean | ResumeOptions;
  /**
   * A file, by path or file: URL, that receives a line of JSON when a run begins, after every step and after every epoch.
   * @defaultValue no log
   */
  log?: string | URL;
  /**
   * Keeps the loss of every step in the history.
   * @defaultValue false
   */
  stepLosses?: boolean;
  /** Called after every step. */
  onStep?: (step: Step) => void;
  /** Called after every epoch. */
  onEpoch?: (record: EpochRecord) => void;
  /** Called between steps with the number of images processed and the total. */
  onImages?: (work: ImageWork, done: number, total: number) => void;
  /**
   * Called after each step, after each batch of images between the steps, and once when the training ends, fails or is
   * aborted. `progressBar()` of the package `cnnzoo` draws a bar from it.
   */
  onProgress?: (event: FitProgress) => void;
  /** Ends the training before its next step, with a training checkpoint if those are kept. */
  signal?: AbortSignal | undefined;
}
