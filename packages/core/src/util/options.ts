import { CnnzooError } from './errors.js';

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
      throw new CnnzooError('INPUT', `${where}: there is no option '${name}'. Expected '${known.join("', '")}'.`);
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

/** Refuses a number that is not whole, or less than `least`. */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new CnnzooError('INPUT', `expected ${name} to be a whole number of at least ${least}, received ${value}.`);
}
