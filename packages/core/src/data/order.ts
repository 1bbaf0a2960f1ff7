import { throwIfAborted } from '../download/aborted.js';
import { CnnzooError } from '../errors.js';
import type { BatchOptions } from './dataset.js';

const isWhole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;

/** The indices of an epoch's batches; the order is drawn here, before the first batch is asked for. */
export function batchesOf(size: number, { batchSize, shuffle, skip = 0 }: BatchOptions): Uint32Array[] {
  if (!isWhole(batchSize, 1))
    throw new CnnzooError('INPUT', `batches: expected a batchSize of 1, 2, 3, …, received ${batchSize}.`);
  if (!isWhole(skip, 0))
    throw new CnnzooError('INPUT', `batches: expected to skip 0, 1, 2, … batches, received ${skip}.`);
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  shuffle?.shuffle(order);
  const batches: Uint32Array[] = [];
  for (let start = skip * batchSize; start < size; start += batchSize)
    batches.push(order.subarray(start, start + batchSize));
  return batches;
}

/** @throws CnnzooError ABORTED if the signal is aborted. */
export const stopReading = (signal: AbortSignal | undefined): void => throwIfAborted('The reading of images', signal);
