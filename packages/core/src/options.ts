import { CnnzooError } from './errors.js';

/** Levenshtein's distance of two names. */
function distance(a: string, b: string): number {
  let row = [...b, ''].map((_, i) => i);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + Number(char !== b[j])));
    row = next;
  }
  return row[b.length]!;
}

/** The name in `known` that is spelled most like `name`, in any case, or holds it; undefined if `known` is empty. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const far = (other: string): number => (other.includes(wanted) ? 1 : distance(wanted, other));
  return [...known].sort((a, b) => far(a.toLowerCase()) - far(b.toLowerCase()))[0];
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
    throw new CnnzooError('INPUT', `${where}: expected an object of options, received ${String(options)}.`);
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !known.includes(name))
      throw new CnnzooError(
        'INPUT',
        `${where}: there is no option '${name}'. Did you mean '${nearest(name, known)}'? Expected ${known.join(', ')}.`,
      );
}
