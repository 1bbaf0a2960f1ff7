import { CnnzooError } from './errors.js';

/**
 * Returns the text of a value of any type, for messages. A tensor is told by its dtype and shape: its own text has its
 * values, which tfjs would read synchronously.
 */
export function shownValue(value: unknown): string {
  const { dataId, dtype, shape } = (value ?? {}) as { dataId?: unknown; dtype?: string; shape?: readonly number[] };
  return dataId === undefined ? String(value) : `a tensor, ${dtype} [${shape}]`;
}

/** Options that are called or listened to long after the check, when an error would have nowhere to go. */
const KINDS: Readonly<Record<string, readonly [fits: (value: object) => boolean, expected: string]>> = {
  signal: [(value) => 'aborted' in value && 'addEventListener' in value, 'an AbortSignal'],
  progress: [(value) => typeof value === 'function', 'a function'],
};

/**
 * Refuses unknown options, and a `signal` or `progress` that is none. A misspelled option would otherwise have no effect,
 * without notice.
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
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!known.includes(name))
      throw new CnnzooError('INPUT', `${where}: there is no option '${name}'. Expected '${known.join("', '")}'.`);
    const kind = KINDS[name];
    // null is no signal, as for fetch.
    if (kind && value !== null && !kind[0](Object(value)))
      throw new CnnzooError('INPUT', `${where}: expected ${name} to be ${kind[1]}, received ${shownValue(value)}.`);
  }
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
