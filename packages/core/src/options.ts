import { CnnzooError } from './errors.js';

/** Letters that two names share at their beginning and at their end, less those by which one is longer. */
function likeness(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return start + end - Math.abs(a.length - b.length) / 8;
}

/** The name in `known` that is spelled most like `name`, in any case; undefined if `known` is empty. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const like = (other: string): number => likeness(name.toLowerCase(), other.toLowerCase());
  return [...known].sort((a, b) => like(b) - like(a))[0];
}

/**
 * Refuses options that a function does not have: a misspelled one would be without effect, and nobody would know.
 * @param where the function's name, for the message.
 * @param options an object, or undefined; properties that are undefined count as absent.
 * @throws CnnzooError INPUT.
 */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null)
    throw new CnnzooError('INPUT', `${where}: expected options, received ${String(options)}.`);
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !known.includes(name))
      throw new CnnzooError(
        'INPUT',
        `${where}: there is no option '${name}'. Did you mean '${nearest(name, known)}'? Expected ${known.join(', ')}.`,
      );
}

/**
 * Refuses what is no list of at least one label.
 * @param where the function's name, for the message.
 * @throws CnnzooError INPUT.
 */
export function checkCategories(where: string, categories: unknown): void {
  if (!(Array.isArray(categories) && categories.length > 0 && categories.every((label) => typeof label === 'string')))
    throw new CnnzooError(
      'INPUT',
      `${where}: expected categories as a list of at least one label, received ${JSON.stringify(categories)}.`,
    );
}
