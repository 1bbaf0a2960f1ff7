import { isUnder } from '../layers/index.js';
import type { FittedKeys, Wanted } from '../state-dict/late.js';
import { CnnzooError, warn } from '../util/index.js';

/** Head that is asked for. */
interface AskedHead {
  readonly numClasses?: number | undefined;
  readonly head?: 'new' | undefined;
}

/** Returns the paths of the heads that get fresh values: all if asked for, else those that the checkpoint has not in their shape. */
export function freshHeads(
  heads: readonly string[],
  { tensors }: Pick<FittedKeys, 'tensors'>,
  wanted: Wanted,
  { head, numClasses }: AskedHead,
): readonly string[] {
  if (head === 'new' || numClasses === 0) return heads;
  // As in the checkpoint, or the strict load tells the difference.
  if (numClasses === undefined) return [];
  const has = (path: string): boolean => {
    const own = [...wanted].filter(([key]) => isUnder(path, key));
    return own.length > 0 && own.every(([key, shape]) => tensors.get(key)?.shape.join() === shape.join());
  };
  return heads.filter((path) => !has(path));
}

/** Warns that the caller's checkpoint has a trained head that is not used: the classes may have been counted wrong. */
export function warnOfOtherHead(
  where: string,
  head: string,
  { tensors }: Pick<FittedKeys, 'tensors'>,
  wanted: Wanted,
  numClasses: number,
): void {
  const trained = [...tensors].filter(([key]) => isUnder(head, key));
  if (trained.length === 0) return;
  const listed = (keys: readonly string[]): string => [...keys].sort().join(', ');
  const layers = listed([...wanted.keys()].filter((key) => isUnder(head, key)));
  const received = listed(trained.map(([key]) => key));
  const classes = trained[0]![1].shape[0];
  warn(
    `${where}: the file's head has ${
      received === layers
        ? `${classes} classes, and ${numClasses} are asked for`
        : `${received}, and the net's ${layers}`
    }: the head is new, with values that are not trained. head: 'new' says that this is meant.`,
  );
}

/** The error for a backbone's weights without a number of classes. */
export const needsHead = (where: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${where}: these weights are a backbone's, without a head to classify with. Expected numClasses or ` +
      'categories for a new one, or numClasses: 0 to embed alone.',
  );

/** The error for a backbone's weights with a head of `classes`, and without a number of classes. */
export const needsClasses = (where: string, classes: number): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${where}: these weights are a backbone's, under a head of ${classes} classes. Expected numClasses: ` +
      `${classes} or as many categories, or numClasses: 0 to embed alone.`,
  );
