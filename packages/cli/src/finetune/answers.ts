import type { Classifier } from '@cnnzoo/core';
import type { FilesDataset } from '@cnnzoo/core/data';
import type { Answer } from './report/index.js';

const BATCH = 32;

export interface AnswerOptions {
  readonly signal: AbortSignal;
  onImages(done: number): void;
}

/** Classifies every image, in order. */
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
