import { CnnzooError } from '../../errors.js';
import { checkWhole } from '../../options.js';
import type { RunOptions } from './run.js';

export type EpochOptions = Pick<RunOptions, 'batchSize' | 'accumulate' | 'dropLast'>;

/** Number of batches of an epoch over `size` images. */
export const batchesPerEpoch = (size: number, { batchSize = 32, dropLast = false }: EpochOptions): number =>
  dropLast ? Math.floor(size / batchSize) : Math.ceil(size / batchSize);

/** Number of steps of an epoch over `size` images. */
export const stepsPerEpoch = (size: number, options: EpochOptions): number =>
  Math.ceil(batchesPerEpoch(size, options) / (options.accumulate ?? 1));

/** Number of images in the smallest batch of an epoch. */
export const smallestBatch = (size: number, { batchSize = 32, dropLast = false }: EpochOptions): number =>
  dropLast ? batchSize : size % batchSize || batchSize;

/**
 * Refuses epochs without a batch, which would never end.
 * @throws CnnzooError INPUT.
 */
export function checkEpochs(size: number, options: EpochOptions & Pick<RunOptions, 'epochs'>): void {
  const { epochs = 1, batchSize = 32, accumulate = 1 } = options;
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkWhole('accumulate', accumulate, 1);
  if (batchesPerEpoch(size, options) === 0)
    throw new CnnzooError(
      'INPUT',
      `dropLast leaves no batch: the data set holds ${size} images, fewer than batchSize ${batchSize}. Choose a smaller ` +
        'batchSize.',
    );
}
