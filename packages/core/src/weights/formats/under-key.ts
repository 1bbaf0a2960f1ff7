import { CnnzooError } from '../../errors.js';

/** Names in a message. */
const MAX_NAMES = 20;

/** Names for a message, the first of many. */
export const listed = (names: Iterable<string>): string => {
  const all = [...new Set(names)];
  return all.length > MAX_NAMES ? `${all.slice(0, MAX_NAMES).join(', ')}, …` : all.join(', ') || 'nothing';
};

/**
 * The tensors whose keys begin with `key` and a dot, by the rest of their keys.
 * @throws CnnzooError INPUT if there are none.
 */
export function underKey<T>(tensors: ReadonlyMap<string, T>, key: string, name: string): Map<string, T> {
  const prefix = `${key}.`;
  const found = [...tensors].filter(([each]) => each.startsWith(prefix));
  if (found.length === 0)
    throw new CnnzooError(
      'INPUT',
      `'${name}' has nothing under key '${key}': expected one of ${listed([...tensors.keys()].map((each) => each.split('.')[0]!))}.`,
    );
  return new Map(found.map(([each, tensor]) => [each.slice(prefix.length), tensor]));
}
