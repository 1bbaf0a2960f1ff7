import { confusionOf } from '@cnnzoo/report';

/** Prediction for a labelled image. */
export interface Answer {
  /** The path of the file. */
  readonly file: string;
  /** Index of the image's true class. */
  readonly label: number;
  /** Index of the predicted class. */
  readonly predicted: number;
  /** Softmax probability of the predicted class, 0 to 1. */
  readonly probability: number;
}

/** Pair of classes: images of `label` were predicted as `predicted`. */
export interface Pair {
  /** Indices of the true class and of the predicted one. */
  readonly label: number;
  readonly predicted: number;
  /** Answers for these images, the surest first. */
  readonly answers: readonly Answer[];
}

/** Answers, counted and sorted. */
export interface Tally {
  readonly answers: readonly Answer[];
  /** Counts by true class (rows) and predicted class (columns). */
  readonly confusion: readonly (readonly number[])[];
  /** Fraction of right answers, 0 to 1. */
  readonly top1: number;
  /** Wrong answers, the surest first. */
  readonly wrong: readonly Answer[];
  /** Confused pairs, the most frequent first. */
  readonly pairs: readonly Pair[];
}

export function tallyOf(answers: readonly Answer[], classes: number): Tally {
  const wrong = answers
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.probability - a.probability);
  return {
    answers,
    confusion: confusionOf(answers, classes),
    top1: (answers.length - wrong.length) / answers.length,
    wrong,
    pairs: pairsOf(wrong),
  };
}

function pairsOf(wrong: readonly Answer[]): Pair[] {
  const pairs = new Map<string, Pair & { answers: Answer[] }>();
  for (const answer of wrong) {
    const { label, predicted } = answer;
    const key = `${label} ${predicted}`;
    const pair = pairs.get(key) ?? { label, predicted, answers: [] };
    pair.answers.push(answer);
    pairs.set(key, pair);
  }
  return [...pairs.values()].sort((a, b) => b.answers.length - a.answers.length);
}
