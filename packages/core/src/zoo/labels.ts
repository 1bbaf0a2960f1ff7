import { CnnzooError, warn } from '../util/index.js';
import type { LoadedWeights, WeightsEntry } from './weights.js';

/** Facts that decide the labels of a net. */
export interface LabelFacts {
  readonly entry: Pick<WeightsEntry, 'categories'>;
  /** False if the entry was taken by default. */
  readonly known: boolean;
  readonly head: LoadedWeights['head'];
  /** Labels that were saved beside the weights. Undefined if there are none. */
  readonly saved: readonly string[] | null | undefined;
  readonly numClasses?: number | undefined;
  readonly categories?: readonly string[] | undefined;
}

/**
 * Decides the label of each class: the caller's, else those that are known of the head; null if none are.
 * @throws CnnzooError INPUT if the caller has the labels of a head that is kept in another order.
 */
export function labelsOf(
  where: string,
  { entry, known, head, saved, numClasses, categories }: LabelFacts,
): readonly string[] | null {
  if (numClasses === undefined) return (head === 'kept' ? saved : undefined) ?? entry.categories;
  const labels = saved ?? (known ? entry.categories : null);
  const trained = head === 'kept' && labels?.length === numClasses ? labels : null;
  if (!categories || !trained || trained.join('\n') === categories.join('\n')) return categories ?? trained;
  if ([...trained].sort().join('\n') === [...categories].sort().join('\n'))
    throw new CnnzooError(
      'INPUT',
      `${where}: the head that is kept has the same categories in another order: expected ` +
        `${trained.slice(0, 3).join(', ')}, …, received ${categories.slice(0, 3).join(', ')}, …. To fix this, give them in ` +
        "its order, or take a fresh head by head: 'new'.",
    );
  warn(
    `${where}: the head that is kept was trained on other categories (${trained.slice(0, 3).join(', ')}, …): ` +
      `they are called ${categories.slice(0, 3).join(', ')}, … now. head: 'new' takes a fresh one.`,
  );
  return categories;
}
