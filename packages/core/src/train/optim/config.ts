/** Plain data. */
export type Config = null | boolean | number | string | readonly Config[] | { readonly [name: string]: Config };

/**
 * A value that says how it was made, so that a resumed training can tell whether it is the same. Optimizers, schedules,
 * losses and mixes of this package do; a function of your own does if it carries a `config`.
 */
export interface Described {
  readonly config?: Config;
}

/** Stands for a function, or an object of a class, that does not say how it was made. */
const OWN = 'your own';

/** Returns true for a record of any realm, false for an object of a class. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Adds to a function or object what it was made of. */
export const withConfig = <T extends object>(value: T, config: unknown): T & Described =>
  Object.assign(value, { config: describe(config) });

/**
 * A value as plain data: by its `config` or an augmentation's `recipe` if it has one; null for undefined. Functions, and
 * objects of classes, that have neither are all alike. Properties that are undefined are left out.
 */
export function describe(value: unknown): Config {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  // JSON has no numbers that are not finite.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  const { config, recipe } = value as { config?: unknown; recipe?: unknown };
  if (config !== undefined) return describe(config);
  if (recipe !== undefined) return describe(recipe);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, describe);
  if (typeof value !== 'object' || !isPlain(value)) return OWN;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, describe(each)]),
  );
}

/** A difference of two descriptions: its place, and the value on either side; undefined if that side has none. */
export interface Difference {
  readonly path: string;
  readonly then: Config | undefined;
  readonly now: Config | undefined;
}

const isRecord = (value: Config | undefined): value is { readonly [name: string]: Config } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The smallest parts of two descriptions that differ. */
export function differences(path: string, then: Config | undefined, now: Config | undefined): Difference[] {
  if (isRecord(then) && isRecord(now))
    return [...new Set([...Object.keys(then), ...Object.keys(now)])].flatMap((name) =>
      differences(`${path}.${name}`, then[name], now[name]),
    );
  return JSON.stringify(then) === JSON.stringify(now) ? [] : [{ path, then, now }];
}
