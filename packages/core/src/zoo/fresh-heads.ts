import { isUnder } from '../layers/index.js';
import type { FittedKeys, Wanted } from '../state-dict/late.js';
import { CnnzooError, warn } from '../util/index.js';

/** Options of a call that decide the head. */
interface AskedHead {
  readonly numClasses?: number | undefined;
  readonly head?: 'new' | undefined;
}

/** Returns the paths of heads to initialise: all if asked for, else those whose tensors are missing or differ in shape. */
export function freshHeads(
  heads: readonly string[],
  { tensors }: Pick<FittedKeys, 'tensors'>,
  wanted: Wanted,
  { head, numClasses }: AskedHead,
): readonly string[] {
  if (head === 'new' || numClasses === 0) return heads;
  // The checkpoint's head is kept; if it does not fit, the strict load throws.
  if (numClasses === undefined) return [];
  const has = (path: string): boolean => {
    const own = [...wanted].filter(([key]) => isUnder(path, key));
    return own.length > 0 && own.every(([key, shape]) => tensors.get(key)?.shape.join() === shape.join());
  };
  return heads.filter((path) => !has(path));
}

/** Warns that the trained head of the caller's checkpoint is not used: numClasses may be a mistake. */
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

/** Returns the error for a backbone's weights loaded without a number of classes. */
export const needsHead = (where: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${where}: these weights are a backbone's, without a head to classify with. Expected numClasses or ` +
      'categories for a new one, or numClasses: 0 to embed alone.',
  );

/** Returns the same error for a backbone whose checkpoint has a head of `classes`. */
export const needsClasses = (where: string, classes: number): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${where}: these weights are a backbone's, under a head of ${classes} classes. Expected numClasses: ` +
      `${classes} or as many categories, or numClasses: 0 to embed alone.`,
  );
