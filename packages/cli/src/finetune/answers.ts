import type { Classifier } from '@cnnzoo/core';
import type { FilesDataset } from '@cnnzoo/core/data';

/** What a net says of a labelled image. */
export interface Answer {
  /** The path of the file. */
  readonly file: string;
  /** The class it belongs to, and the one that the net names: indices. */
  readonly label: number;
  readonly predicted: number;
  /** Softmax probability of the class that is named, 0 to 1. */
  readonly probability: number;
}

const BATCH = 32;

export interface AnswerOptions {
  readonly signal: AbortSignal;
  onImages(done: number): void;
}

/** The net's answer to every image, in order. */
export async function answersOf(
  net: Classifier,
  { files }: FilesDataset,
  { signal, onImages }: AnswerOptions,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < files.length; start += BATCH) {
    const part = files.slice(start, start + BATCH);
    const predictions = await net.classify(
      part.map(({ name }) => name),
      { topK: 1, signal },
    );
    for (const [i, [best]] of predictions.entries())
      answers.push({ file: part[i]!.name, label: part[i]!.label, predicted: best!.index, probability: best!.score });
    onImages(answers.length);
  }
  return answers;
}
