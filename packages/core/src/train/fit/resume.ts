import { modelOf, type Net, slotsOf } from '../../graph/index.js';
import { CnnzooError, warn } from '../../util/index.js';
import type { Config } from '../optim/index.js';
import type { Checkpoints } from './checkpoints.js';
import type { Stage } from './complete-options.js';
import type { ResumeDifference } from './options.js';
import type { Setup } from './setup.js';
import type { TrainingCheckpoint } from './training-checkpoint.js';

/**
 * Resolves to the training checkpoint to continue from; undefined for a training that begins.
 * @param resume true for a training that may continue.
 * @throws CnnzooError INPUT for a resumption without a directory, and for a directory that holds another training.
 */
export async function checkpointToResume(
  net: Net,
  checkpoints: Checkpoints | undefined,
  resume: boolean,
): Promise<TrainingCheckpoint | undefined> {
  if (!checkpoints) {
    if (resume)
      throw new CnnzooError('INPUT', 'fit: resume goes on from a checkpoint: name their directory, checkpoint.');
    return undefined;
  }
  // Refuses a net that no checkpoint can hold now, not after an epoch.
  slotsOf(modelOf(net));
  await checkpoints.clean();
  if (resume) return checkpoints.newest();
  await checkpoints.requireNone();
  return undefined;
}

/** Refuses a seed other than the checkpoint's. */
export function requireSeed(then: number, now: number | undefined): void {
  if (now !== undefined && now !== then)
    throw new CnnzooError('INPUT', `fit: the checkpoint's run has the seed ${then}, received ${now}.`);
}

/** Returns the checkpoint, without the optimizer's state if another optimizer is allowed and can't continue from it. */
export function withFittingOptimizer(
  net: Net,
  saved: TrainingCheckpoint,
  { optimizer }: Stage,
  changes: ReadonlySet<string> | undefined,
): TrainingCheckpoint {
  if (!changes?.has('optimizer')) return saved;
  const keys = slotsOf(modelOf(net)).map(({ key }) => key);
  try {
    optimizer.start(keys, saved.optimizer).dispose();
    return saved;
  } catch (error) {
    if (!(error instanceof CnnzooError) || error.code !== 'STATE_DICT') throw error;
    warn(`fit: the optimizer begins anew, because it can't go on from the checkpoint's: ${error.message}`);
    return { ...saved, optimizer: new Map() };
  }
}

/** A difference of two descriptions: its place, and the value on either side; undefined if that side has none. */
interface Difference {
  readonly path: string;
  readonly then: Config | undefined;
  readonly now: Config | undefined;
}

const isRecord = (value: Config | undefined): value is { readonly [name: string]: Config } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the smallest parts of two descriptions that differ. */
function differences(path: string, then: Config | undefined, now: Config | undefined): Difference[] {
  if (isRecord(then) && isRecord(now))
    return [...new Set([...Object.keys(then), ...Object.keys(now)])].flatMap((name) =>
      differences(`${path}.${name}`, then[name], now[name]),
    );
  return JSON.stringify(then) === JSON.stringify(now) ? [] : [{ path, then, now }];
}

/** A difference with the name that allows it. No name allows another number of stages. */
interface Change {
  readonly name: ResumeDifference | 'stages';
  readonly text: string;
  /** The difference moves batches to other places in the checkpoint's epoch. */
  readonly movesBatches?: boolean;
}

const MOST_SHOWN = 120;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

const textOf = ({ path, then, now }: Difference): string => `${path} ${shown(then)}, received ${shown(now)}`;

/** Returns the differences by the options' names. Options that the checkpoint lacks are not compared. */
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
 * Returns the differences between a training and its checkpoint. More epochs, and more stages after the checkpoint's, are
 * no differences: a resumption may add them.
 */
function changesBetween(now: Setup, { setup: then, stage: current }: TrainingCheckpoint): Change[] {
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
 * Refuses to continue a training that differs from the checkpoint's. Returns the names of the differences, which `allow`
 * allows.
 * @throws CnnzooError INPUT, with all that differs.
 */
export function requireSame(
  now: Setup,
  saved: TrainingCheckpoint,
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
