import * as v from 'valibot';
import { CnnzooError } from '../errors.js';
import { CONFIG_KEY } from '../save.js';
import { warn } from '../warn.js';
import type { LoadedWeights } from './loaded.js';

import type { GivenWeights } from './open-weights.js';

const savedConfig = v.object({
  categories: v.nullable(v.array(v.string())),
  activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
});

/** Facts of the head that `save` wrote beside the weights; undefined if there are none. */
export function savedWith(metadata: Readonly<Record<string, string>>): v.InferOutput<typeof savedConfig> | undefined {
  try {
    const { success, output } = v.safeParse(savedConfig, JSON.parse(metadata[CONFIG_KEY] ?? 'null'));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

interface Asked extends Pick<GivenWeights, 'file' | 'entry' | 'known'> {
  readonly head: LoadedWeights['head'];
  readonly numClasses: number | undefined;
  readonly categories: readonly string[] | undefined;
}

/**
 * The label of each class: the caller's, else those that are known of the head; null if none are.
 * @throws CnnzooError INPUT if the caller has the labels of a head that is kept in another order.
 */
export function labelsFor(
  name: string,
  { file, entry, known, head, numClasses, categories }: Asked,
): readonly string[] | null {
  const saved = savedWith(file.metadata)?.categories;
  if (numClasses === undefined) return (head === 'kept' ? saved : undefined) ?? entry.categories;
  const labels = saved ?? (known ? entry.categories : null);
  const trained = head === 'kept' && labels?.length === numClasses ? labels : null;
  if (!categories || !trained || trained.join('\n') === categories.join('\n')) return categories ?? trained;
  if ([...trained].sort().join('\n') === [...categories].sort().join('\n'))
    throw new CnnzooError(
      'INPUT',
      `${name}.pretrained: the head that is kept has the same categories in another order: expected ` +
        `${trained.slice(0, 3).join(', ')}, …, received ${categories.slice(0, 3).join(', ')}, …. To fix this, give them in ` +
        "its order, or take a fresh head by head: 'new'.",
    );
  warn(
    `${name}.pretrained: the head that is kept was trained on other categories (${trained.slice(0, 3).join(', ')}, …): ` +
      `they are called ${categories.slice(0, 3).join(', ')}, … now. head: 'new' takes a fresh one.`,
  );
  return categories;
}
