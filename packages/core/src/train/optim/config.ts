/** Plain data, as JSON holds it. */
export type Config = null | boolean | number | string | readonly Config[] | { readonly [name: string]: Config };

/**
 * A value that describes how it was made, so that a resumed training can tell whether it is the same. Optimizers,
 * schedules, losses and mixes of this package carry a `config`; so may a function of your own.
 *
 * @example
 * ```ts
 * import { type Described, sgd } from '@cnnzoo/core/train';
 *
 * const decay = (step: number): number => 0.1 / (1 + step);
 * const lr: typeof decay & Described = Object.assign(decay, { config: { name: 'inverse', lr: 0.1 } });
 * const optimizer = sgd({ lr });
 * ```
 */
export interface Described {
  /** A name and all settings. Two values with equal `config` are taken for the same. */
  readonly config?: Config;
}

/** Stands for a function, or an object of a class, that does not describe how it was made. */
const OWN = 'your own';

/** Returns true for a record of any realm, false for an object of a class. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Adds a description to a function or object. */
export const withConfig = <T extends object>(value: T, config: unknown): T & Described =>
  Object.assign(value, { config: describe(config) });

/**
 * Describes a value as plain data: by its `config` or an augmentation's `recipe` if it has one; null for undefined.
 * Functions, and objects of classes, that have neither are all alike. Properties that are undefined are left out.
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
