import { Random } from '../random.js';

/**
 * Splits by class: of each, `share` (0 to 1, rounded) is drawn by the seed, at most all but one. Both parts keep the
 * order of the items.
 */
export function stratifiedSplit<T extends { readonly label: number }>(
  items: readonly T[],
  share: number,
  seed: number,
): [rest: T[], drawn: T[]] {
  const random = new Random(seed);
  const drawn = new Set<T>();
  for (const label of [...new Set(items.map((item) => item.label))].sort((a, b) => a - b)) {
    const ofClass = items.filter((item) => item.label === label);
    const count = Math.min(Math.round(share * ofClass.length), ofClass.length - 1);
    for (const item of random.shuffle(ofClass).slice(0, count)) drawn.add(item);
  }
  return [items.filter((item) => !drawn.has(item)), items.filter((item) => drawn.has(item))];
}
