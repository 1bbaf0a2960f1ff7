import { CnnzooError, checkOptions, shownValue } from '../util/index.js';
import { thresholdsOf } from '../util/late.js';
import type { ClassifyOptions, Prediction } from './classifier-parts.js';

/** Choice of predictions among the scores of an image. */
export interface Choice {
  readonly topK: number;
  /** Score of each class above which it is predicted; undefined: none. */
  readonly thresholds: readonly number[] | undefined;
}

/**
 * Checks the options of `classify` for a net of so many classes.
 *
 * @throws CnnzooError INPUT.
 */
export function choiceOf(options: ClassifyOptions, classes: number): Choice {
  checkOptions('classify', options, ['topK', 'threshold', 'signal', 'maxPixels']);
  const { threshold, topK = threshold === undefined ? 5 : Number.MAX_SAFE_INTEGER } = options;
  if (!(Number.isInteger(topK) && topK > 0))
    throw new CnnzooError('INPUT', `classify: expected topK 1, 2, …, received ${shownValue(topK)}.`);
  return { topK, thresholds: threshold === undefined ? undefined : thresholdsOf('classify', threshold, classes) };
}

/** Returns the predictions for an image, the best first. */
export const predictionsOf = (
  scores: Float32Array,
  categories: readonly string[] | null,
  { topK, thresholds }: Choice,
): Prediction[] =>
  Array.from(scores, (score, index) => ({ label: categories?.[index] ?? String(index), index, score }))
    .filter(({ score, index }) => !thresholds || score > thresholds[index]!)
    .sort((a, b) => b.score - a.score)
    .slice(0, topK);
