import { CnnzooError } from './errors.js';

/** Score above which a class counts as present, 0 to 1: one for all classes, or one for each. */
export type Thresholds = number | readonly number[];

/**
 * Returns one threshold for each class.
 * @throws CnnzooError INPUT if `threshold` is not one number from 0 to 1, or one for each class.
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
