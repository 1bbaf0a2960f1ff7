import { isUnder } from './layers/layer.js';

/** A choice of parameters: state_dict prefixes such as 'fc' and 'layer4.1', or a predicate on state_dict keys. */
export type ParameterMatch = string | readonly string[] | ((key: string) => boolean);

export const matches = (match: ParameterMatch, key: string): boolean =>
  typeof match === 'function' ? match(key) : [match].flat().some((prefix) => isUnder(prefix, key));

/** The first of several prefixes that no key lies under; undefined if each has one. */
export const idlePrefix = (match: unknown, keys: readonly string[]): string | undefined =>
  Array.isArray(match) ? match.find((prefix) => !keys.some((key) => isUnder(String(prefix), key))) : undefined;
