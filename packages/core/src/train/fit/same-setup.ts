import { CnnzooError } from '../../errors.js';
import { type Difference, differences } from '../optim/index.js';
import type { FitState } from './checkpoints.js';
import type { Setup } from './setup.js';

/** Names of the differences that `resume: { allow }` takes. */
export const RESUME_DIFFERENCES = [
  'accumulate',
  'augment',
  'auxiliaryWeight',
  'batchSize',
  'categories',
  'clipNorm',
  'data',
  'dropLast',
  'earlyStopping',
  'ema',
  'epochs',
  'features',
  'freeze',
  'loss',
  'mix',
  'model',
  'optimizer',
  'preprocessing',
  'shuffle',
  'validation',
] as const;

/** A part of a training that may differ from the one that is resumed. */
export type ResumeDifference = (typeof RESUME_DIFFERENCES)[number];

/** A difference, by the name that allows it; the number of stages has none. */
interface Change {
  readonly name: ResumeDifference | 'stages';
  readonly text: string;
  /** It moves the places of batches in the epoch that the checkpoint is of. */
  readonly movesBatches?: boolean;
}

const MOST_SHOWN = 120;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

const textOf = ({ path, then, now }: Difference): string => `${path} ${shown(then)}, received ${shown(now)}`;

/** Differences by the options' names. What the checkpoint says nothing of is not compared. */
const compared = (
  then: { readonly [name: string]: unknown },
  now: { readonly [name: string]: unknown },
): (readonly [name: string, Difference])[] =>
  Object.keys(then).flatMap((name) =>
    differences(name, then[name] as never, now[name] as never)
      // A data set without a fingerprint is compared with none.
      .filter(({ path, then }) => then !== null || !path.endsWith('.content'))
      .map((each) => [name, each] as const),
  );

/**
 * The differences between a training and its checkpoint. More epochs are none, nor are more stages behind those that the
 * checkpoint knows: that is what resuming is for.
 */
function changesBetween(now: Setup, { setup: then, stage: current }: FitState): Change[] {
  const both = Math.min(now.stages, then.stages);
  const changes: Change[] = [];
  const note = (name: Change['name'], was: unknown, is: unknown, more: Partial<Change> & { label?: string } = {}) => {
    const { label = name, ...rest } = more;
    if (`${was}` !== `${is}`) changes.push({ name, text: `${label} ${was}, received ${is}`, ...rest });
  };
  note('model', then.model, now.model);
  note('data', then.images, now.images, { label: 'images', movesBatches: true });
  if (now.stages < then.stages) note('stages', then.stages, now.stages);
  for (const name of ['batchSize', 'accumulate'] as const) {
    const [was, is] = [then[name].slice(0, both), now[name].slice(0, both)];
    note(name, was, is, { movesBatches: was[current] !== is[current] });
  }
  if (!then.fingerprint || !now.fingerprint) return changes;
  for (const [name, difference] of compared(then.fingerprint.shared, now.fingerprint.shared))
    changes.push({ name: name as ResumeDifference, text: textOf(difference) });
  for (const [i, stage] of then.fingerprint.stages.slice(0, both).entries())
    for (const [name, difference] of compared(stage, now.fingerprint.stages[i]!)) {
      if (name === 'epochs' && i >= current) continue;
      const where = now.stages > 1 ? `stage ${i}: ` : '';
      const movesBatches = name === 'dropLast' && i === current;
      changes.push({ name: name as ResumeDifference, text: where + textOf(difference), movesBatches });
    }
  return changes;
}

/**
 * Refuses to go on with another training than the checkpoint's. Returns the differences that are allowed.
 * @throws CnnzooError INPUT, with all that differs.
 */
export function requireSame(
  now: Setup,
  saved: FitState,
  allow: readonly ResumeDifference[],
): ReadonlySet<Change['name']> {
  const changes = changesBetween(now, saved);
  const refused = changes.filter(({ name }) => name === 'stages' || !allow.includes(name));
  const names = [...new Set(refused.map(({ name }) => name))];
  if (refused.length > 0)
    throw new CnnzooError(
      'INPUT',
      `fit: the checkpoint is of another training. It had:${refused.map(({ text }) => `\n  ${text}`).join('')}\n` +
        'Go on with what it began with, or begin anew in another directory' +
        (names.includes('stages')
          ? '.'
          : `; or allow it: resume: { allow: [${names.map((name) => `'${name}'`).join(', ')}] }.`),
    );
  const moved = changes.find(({ movesBatches }) => movesBatches);
  if (moved && saved.position.batches > 0)
    throw new CnnzooError(
      'INPUT',
      `fit: the checkpoint is in the middle of an epoch, where batches can't become others. It had ${moved.text}. Go on ` +
        "to the epoch's end with what it began with, or begin anew in another directory.",
    );
  return new Set(changes.map(({ name }) => name));
}
