import { CnnzooError } from './errors.js';

/** The score above which each class is taken to be there. */
export type Thresholds = number | readonly number[];

/**
 * The threshold of each class.
 * @throws CnnzooError INPUT unless it is one number, or one for each class, from 0 to 1.
 */
export function thresholdsOf(where: string, threshold: Thresholds, classes: number): readonly number[] {
  const thresholds = typeof threshold === 'number' ? new Array<number>(classes).fill(threshold) : threshold;
  if (
    !Array.isArray(thresholds) ||
    thresholds.length !== classes ||
    !thresholds.every((each) => each >= 0 && each <= 1)
  )
    throw new CnnzooError(
      'INPUT',
      `${where}: expected threshold as a number from 0 to 1, or ${classes} of them, one for each class; received ` +
        `${JSON.stringify(threshold)}.`,
    );
  return thresholds;
}
