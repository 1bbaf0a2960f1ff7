import type { Augment } from '../../data/augment/augment.js';
import type { Dataset } from '../../data/dataset.js';
import type { Part } from '../../freeze.js';
import type { EmaOptions, MatchOptions, RunOptions, Step } from '../loop/index.js';
import type { FitProgress, ImageWork } from './fit-progress.js';
import type { EpochRecord } from './history.js';
import type { ResumeDifference } from './same-setup.js';

export interface EarlyStopping {
  /** Epochs without an improvement after which the stage ends. */
  patience: number;
  /** The smallest validation loss, unless given, or the largest validation top-1. */
  monitor?: 'loss' | 'top1';
}

/** How the outputs of a frozen part are kept, so that they are computed once. */
export interface FeatureOptions {
  /** How many augmented views of each image are kept, of which every epoch takes one; without any: the image as it is. */
  views?: number;
  /** Where they are kept for later runs on the same weights and data; in memory, for this run, unless given. */
  directory?: string | URL;
}

/** What may differ from stage to stage. */
export interface StageOptions extends Omit<RunOptions, 'signal' | 'augment'> {
  /** What is frozen in this stage, and nothing else; [] is nothing. Where it is left out, nothing changes. */
  freeze?: Part;
  /**
   * Changes each image each time; null: none. Unless given: none, but for image files, where part of the backbone
   * trains, a random resized crop and a flip.
   */
  augment?: Augment | null;
  /** A moving average of weights and running statistics: it is what is validated, and what the net has in the end. */
  ema?: EmaOptions;
  /** Ends the stage where the validation gets no better, and puts back the weights of its best epoch. */
  earlyStopping?: EarlyStopping;
  /**
   * Where the net begins with frozen layers whose input is the same in every epoch, their outputs are kept, and the rest
   * is trained on them: the same losses, many times sooner. false: never.
   */
  features?: FeatureOptions | false;
}

export interface CheckpointOptions {
  /** By its path or file: URL. */
  directory: string | URL;
  /** After how many steps one is written, beside that at the end of every epoch. */
  everySteps?: number;
  /** How many of the newest are kept: 3 unless given. */
  keep?: number;
}

export interface ResumeOptions {
  /**
   * Parts of the training that may differ from the checkpoint's: the names of options, 'data', 'categories', 'model',
   * 'preprocessing'. 'epochs' is for stages that are over; those to come may always have more.
   */
  allow?: readonly ResumeDifference[];
}

export interface FitOptions extends Omit<StageOptions, 'optimizer'>, MatchOptions {
  optimizer?: StageOptions['optimizer'];
  /** One after the other; each takes what it does not say from the options around it. */
  stages?: readonly Partial<StageOptions>[];
  /** What the net is measured on after every epoch. */
  validation?: Dataset | undefined;
  /** Everything random is drawn from it: the same seed gives the same losses, on one backend and number of threads. */
  seed?: number;
  /** Where the state of the training is kept: a directory, or that and how often. */
  checkpoint?: string | URL | CheckpointOptions;
  /**
   * Goes on from the newest checkpoint, if there is one, as if nothing had happened in between. Refuses data, nets and
   * options that are not those it began with, as far as they can be described, unless they are allowed by name.
   */
  resume?: boolean | ResumeOptions;
  /** A file that receives a line of JSON for every step and every epoch, and one where a run begins. */
  log?: string | URL;
  /** Whether the history holds the loss of every step. */
  stepLosses?: boolean;
  onStep?: (step: Step) => void;
  onEpoch?: (record: EpochRecord) => void;
  /** Called between steps with the number of images processed and the total. */
  onImages?: (work: ImageWork, done: number, total: number) => void;
  /**
   * Called after each step, after each batch of images between the steps, and once when the training ends, fails or is
   * aborted. `progressBar()` of the package `cnnzoo` draws a bar from it.
   */
  onProgress?: (event: FitProgress) => void;
  /** Ends the training before its next step, with a checkpoint where those are kept. */
  signal?: AbortSignal;
}
