import { CnnzooError } from './errors.js';
import { shownValue } from './options.js';

/**
 * Refuses a number that is not an integer of at least `least`.
 *
 * @throws CnnzooError INPUT.
 */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new CnnzooError(
    'INPUT',
    `expected ${name} to be a whole number of at least ${least}, received ${shownValue(value)}.`,
  );
}
