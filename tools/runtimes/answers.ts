import assert from 'node:assert/strict';
import expected from './expected.json' with { type: 'json' };
import type { Check, Report } from './row.js';

/** Answers that programs/answers.mjs gives, as JSON. A part that threw is its error. */
export interface Answers {
  readonly digit: string | Failure;
  readonly photograph: { readonly label: string; readonly features: readonly number[] } | Failure;
  readonly training: readonly number[] | Failure;
}

/** Labels from nets in workers of their own, one for each kind of worker that the place has. */
export type Served = readonly string[] | Failure;

interface Failure {
  readonly error: string;
}

/** Greatest difference, relative to the largest expected value. */
const TOLERANCE = 1e-5;

/** Throws if values differ from the expected ones by more than the tolerance. */
export function assertClose(values: readonly number[], wanted: readonly number[]): void {
  assert.equal(values.length, wanted.length, `expected ${wanted.length} values, received ${values.length}`);
  const most = Math.max(...wanted.map(Math.abs));
  const difference = Math.max(...wanted.map((value, i) => Math.abs(value - values[i]!))) / most;
  assert.ok(difference <= TOLERANCE, `expected values within ${TOLERANCE} of the reference, received ${difference}`);
}

function succeeded<T>(answer: T | Failure | undefined): T {
  if (answer === undefined) throw new Error('the program gave no answer');
  if ((answer as Failure).error !== undefined) throw new Error((answer as Failure).error);
  return answer as T;
}

/** Records the check of nets in workers of their own. */
export async function checkServed(report: Report, served: Served | undefined): Promise<void> {
  await report.check('served', () => {
    const labels = succeeded(served);
    assert.ok(labels.length > 0, 'no worker was started');
    for (const label of labels) assert.equal(label, expected.digit);
  });
}

/** Compares answers with the reference. */
const comparisons: Readonly<Record<'digit' | 'photograph' | 'training', (answers: Partial<Answers>) => void>> = {
  digit: ({ digit }) => assert.equal(succeeded(digit), expected.digit),
  photograph(answers) {
    const { label, features } = succeeded(answers.photograph);
    assert.equal(label, expected.photograph.label);
    assertClose(features, expected.photograph.features);
  },
  training: ({ training }) => assertClose(succeeded(training), expected.training),
};

/** Records the checks of the answers. */
export async function checkAnswers(
  report: Report,
  answers: Partial<Answers>,
  checks: readonly (keyof typeof comparisons & Check)[] = ['digit', 'photograph', 'training'],
): Promise<void> {
  for (const name of checks) await report.check(name, () => comparisons[name](answers));
}
