import { CnnzooError } from '../errors.js';

/** Refuses what is not 1, 2, 3, … */
export function checkPositive(layer: string, what: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new CnnzooError('INPUT', `${layer}: expected ${what} of 1, 2, 3, …, received ${value}.`);
}
