import type { Augment } from '../../data/augment/index.js';
import { CnnzooError, checkOptions, checkWhole, type Random, shownValue } from '../../util/index.js';
import type { Optimizer } from '../optim/index.js';
import { checkFunction } from './checks.js';
import type { Loss } from './loss.js';
import type { MatchOptions } from './match-categories.js';
import type { Mix } from './mix.js';

/** Options of a run over epochs, which `train` and every stage of `fit` take. */
export interface RunOptions {
  /** The rule that turns gradients into new weights, such as `sgd({ lr: 0.01 })`. */
  optimizer: Optimizer;
  /**
   * Number of epochs, at least 0.
   * @defaultValue 1
   */
  epochs?: number;
  /**
   * Images of a batch, at least 1.
   * @defaultValue 32
   */
  batchSize?: number;
  /**
   * The loss of a batch.
   * @defaultValue `crossEntropy()`; `binaryCrossEntropy()` for a net whose scores are sigmoids
   */
  loss?: Loss;
  /**
   * Factor of each auxiliary head's loss, at least 0 (Szegedy et al., 2014, https://arxiv.org/abs/1409.4842).
   * @defaultValue 0.3
   */
  auxiliaryWeight?: number;
  /**
   * Takes the images in a new order in every epoch.
   * @defaultValue true
   */
  shuffle?: boolean;
  /**
   * Leaves out the last batch of every epoch if it is smaller than the others, as PyTorch's drop_last.
   * @defaultValue false
   */
  dropLast?: boolean;
  /**
   * Changes each image each time it is used.
   * @defaultValue no augmentation
   */
  augment?: Augment;
  /**
   * Mixes the images of a batch with one another: `mixup`, `cutmix`, or one of several, drawn for each batch.
   * @defaultValue no mixing
   */
  mix?: Mix | readonly Mix[];
  /**
   * The largest global norm of the gradients, above 0: larger ones are scaled down to it, as
   * torch.nn.utils.clip_grad_norm_ does.
   * @defaultValue no clipping
   */
  clipNorm?: number;
  /**
   * Batches that make one step, at least 1: their images together are the optimizer's batch.
   * @defaultValue 1
   */
  accumulate?: number;
  /** Ends the run before its next batch, with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
}

/** Options of `train`. */
export interface TrainOptions extends RunOptions, MatchOptions {
  /**
   * Source of order, augmentation, mixing and dropout: the same seed repeats the run.
   * @defaultValue a `Random` with a seed of its own
   */
  random?: Random;
}

type WithDefault = 'epochs' | 'batchSize' | 'auxiliaryWeight' | 'shuffle' | 'dropLast' | 'accumulate';

/** Options of a run whose defaults are filled in. The default of `loss` follows from the net. */
export type CompleteRunOptions = RunOptions & Required<Pick<RunOptions, WithDefault>>;

/** Returns the names of all options of a type. The parameter's type makes sure that none is forgotten. */
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

/**
 * Checks the options of a run and fills in their defaults: the one place that knows them.
 * @param where the calling function, for messages.
 * @throws CnnzooError INPUT for an option out of its range.
 */
export function completeRunOptions<T extends Partial<Omit<RunOptions, 'augment'>> & { augment?: Augment | null }>(
  where: string,
  options: T,
): T & Pick<CompleteRunOptions, WithDefault | 'optimizer'> {
  const { epochs = 1, batchSize = 32, accumulate = 1, auxiliaryWeight = 0.3, shuffle = true } = options;
  const { dropLast = false, optimizer, clipNorm, loss, augment, mix } = options;
  if (typeof optimizer?.start !== 'function')
    throw new CnnzooError(
      'INPUT',
      `${where}: expected an optimizer, such as sgd({ lr: 0.01 }), received ${optimizer == null ? 'none' : shownValue(optimizer)}.`,
    );
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('accumulate', accumulate, 1);
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new CnnzooError('INPUT', `expected clipNorm above 0, received ${clipNorm}.`);
  if (!(auxiliaryWeight >= 0 && Number.isFinite(auxiliaryWeight)))
    throw new CnnzooError('INPUT', `expected auxiliaryWeight of at least 0, received ${auxiliaryWeight}.`);
  checkFunction('loss', loss, 'crossEntropy()');
  checkFunction('augment', augment ?? undefined, 'horizontalFlip()');
  for (const each of [mix].flat()) checkFunction('mix', each, 'mixup()');
  return { ...options, optimizer, epochs, batchSize, accumulate, auxiliaryWeight, shuffle, dropLast };
}

/** Sizes of one epoch. */
export interface EpochSizes {
  readonly batches: number;
  readonly steps: number;
  /** Images of the smallest batch. */
  readonly smallestBatch: number;
}

/**
 * Divides a data set into batches and steps.
 * @param size number of images.
 * @throws CnnzooError INPUT if `dropLast` leaves no batch: such an epoch would never end.
 */
export function epochSizes(
  size: number,
  { batchSize, accumulate, dropLast }: Pick<CompleteRunOptions, 'batchSize' | 'accumulate' | 'dropLast'>,
): EpochSizes {
  const batches = dropLast ? Math.floor(size / batchSize) : Math.ceil(size / batchSize);
  if (batches === 0)
    throw new CnnzooError(
      'INPUT',
      `dropLast leaves no batch: the data set holds ${size} images, fewer than batchSize ${batchSize}. Choose a smaller ` +
        'batchSize.',
    );
  const smallestBatch = dropLast ? batchSize : size % batchSize || batchSize;
  return { batches, steps: Math.ceil(batches / accumulate), smallestBatch };
}
