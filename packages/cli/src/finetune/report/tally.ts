import { confusionOf } from '@cnnzoo/report';

/** A net's answer to a labelled image. */
export interface Answer {
  /** The path of the file. */
  readonly file: string;
  /** Index of the class that the image belongs to. */
  readonly label: number;
  /** Index of the class that the net named. */
  readonly predicted: number;
  /** Softmax probability of the named class, 0 to 1. */
  readonly probability: number;
}

/** Two classes: images of the one were taken for the other. */
export interface Pair {
  /** Indices of classes. */
  readonly label: number;
  readonly predicted: number;
  /** The surest first. */
  readonly answers: readonly Answer[];
}

/** Answers, counted and sorted. */
export interface Tally {
  readonly answers: readonly Answer[];
  /** Rows: the class an image belongs to; columns: the one that was named. */
  readonly confusion: readonly (readonly number[])[];
  /** Fraction of right answers, 0 to 1. */
  readonly top1: number;
  /** The surest first. */
  readonly wrong: readonly Answer[];
  /** The most frequent first. */
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
