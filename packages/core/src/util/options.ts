import { CnnzooError } from './errors.js';

/**
 * Returns the text of a value of any type, for messages. A tensor is told by its dtype and shape: its own text has its
 * values, which tfjs would read synchronously.
 */
export function shownValue(value: unknown): string {
  const { dataId, dtype, shape } = (value ?? {}) as { dataId?: unknown; dtype?: string; shape?: readonly number[] };
  return dataId === undefined ? String(value) : `a tensor, ${dtype} [${shape}]`;
}

/**
 * Refuses unknown options. A misspelled option would otherwise have no effect, without notice.
 *
 * @param where Name of the function, for the message.
 * @param options An object or undefined. Properties whose value is undefined count as absent.
 * @param known Names of the function's options.
 * @throws CnnzooError INPUT.
 */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null)
    throw new CnnzooError('INPUT', `${where}: expected options, received ${shownValue(options)}.`);
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !known.includes(name))
      throw new CnnzooError('INPUT', `${where}: there is no option '${name}'. Expected '${known.join("', '")}'.`);
}

/**
 * Refuses anything but an array of at least one label.
 *
 * @param where Name of the function, for the message.
 * @throws CnnzooError INPUT.
 */
export function checkCategories(where: string, categories: unknown): void {
  if (!(Array.isArray(categories) && categories.length > 0 && categories.every((label) => typeof label === 'string')))
    throw new CnnzooError(
      'INPUT',
      `${where}: expected categories as a list of at least one label, received ${JSON.stringify(categories)}.`,
    );
}

/**
 * Refuses a number that is not an integer of at least `least`.
 *
 * @throws CnnzooError INPUT.
 */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new CnnzooError(
    'INPUT',
    `expected ${name} to be a whole number of at least ${least}, received ${shownValue(value)}.`,
  );
}
