import type { CorruptFile } from '@cnnzoo/core/data';
import type { History } from '@cnnzoo/core/train';
import { confusionFigure, escaped, keyNumbers, page, percent, section } from '@cnnzoo/report';
import { classTable } from './classes.js';
import { curves } from './curves.js';
import { confusedPairs, surestWrong } from './mistakes.js';
import type { Tally } from './tally.js';

export interface ReportParts {
  readonly title: string;
  readonly history: History;
  readonly tally: Tally;
  readonly categories: readonly string[];
  /** Number of training images of each class. */
  readonly trained: readonly number[];
  /** Facts by their names. */
  readonly facts: Readonly<Record<string, string>>;
  readonly command: string;
  readonly corrupt: readonly CorruptFile[];
  /** Data URL of each file that is shown. */
  readonly pictures: ReadonlyMap<string, string>;
}

/** Returns the accuracy of always predicting the most frequent class, 0 to 1. */
function baseline({ confusion, answers }: Tally): number {
  const sizes = confusion.map((row) => row.reduce((sum, n) => sum + n, 0));
  return Math.max(...sizes) / answers.length;
}

function result({ tally, history }: ReportParts): string {
  const top5 = history.epochs.at(-1)?.validation?.top5;
  const { answers, wrong, top1 } = tally;
  const numbers: [string, string][] = [
    [percent(top1), `top-1: ${answers.length - wrong.length} of ${answers.length} validation images`],
    ...(top5 === undefined ? [] : [[percent(top5), 'top-5'] as [string, string]]),
    [percent(baseline(tally)), 'by always naming the largest class'],
  ];
  return keyNumbers(numbers);
}

function facts({ facts, command }: ReportParts): string {
  const rows = Object.entries(facts).map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`);
  return `<dl>\n${rows.join('\n')}\n<dt>command</dt><dd><code>${escaped(command)}</code></dd>\n</dl>`;
}

function leftOut(corrupt: readonly CorruptFile[]): string {
  if (corrupt.length === 0) return '';
  const items = corrupt.map(({ message }) => `<li>${escaped(message)}</li>`);
  return `<details open><summary>${corrupt.length === 1 ? 'One file' : `${corrupt.length} files`} could not be decoded</summary><ul>\n${items.join('\n')}\n</ul></details>`;
}

/** Returns an HTML report of a training and its result. */
export function report(parts: ReportParts): string {
  const { title, history, tally, categories, trained, corrupt } = parts;
  const none = '<p>Every validation image was named right.</p>';
  return page(
    title,
    [
      `<h1>${escaped(title)}</h1>`,
      result(parts),
      section('What was trained', facts(parts)),
      section('Files left out', leftOut(corrupt)),
      section('Learning curves', curves(history.epochs)),
      section('Confusion matrix', confusionFigure(tally.confusion, categories)),
      section('Confused most', confusedPairs(tally, parts)),
      section('Surest and wrong', surestWrong(tally, parts) || none),
      // Comes last because its length depends on the number of classes.
      section('Classes, the hardest first', classTable(tally, categories, trained)),
    ]
      .filter((part) => part !== '')
      .join('\n'),
  );
}
