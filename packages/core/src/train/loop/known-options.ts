import { checkOptions } from '../../options.js';
import type { RunOptions } from './run.js';
import type { TrainOptions } from './train.js';

/** The names of all options of a type, of which none can be forgotten. */
export const namesOf = <T extends object>(names: Record<keyof T, true>): string[] => Object.keys(names);

export const RUN_OPTIONS = {
  optimizer: true,
  epochs: true,
  batchSize: true,
  loss: true,
  auxiliaryWeight: true,
  shuffle: true,
  dropLast: true,
  augment: true,
  mix: true,
  clipNorm: true,
  accumulate: true,
  signal: true,
} satisfies Record<keyof RunOptions, true>;

const TRAIN = namesOf<TrainOptions>({ ...RUN_OPTIONS, random: true, matchCategories: true });

/** @throws CnnzooError INPUT for an option that `train` does not have. */
export const checkTrainOptions = (options: TrainOptions): void => checkOptions('train', options ?? null, TRAIN);
