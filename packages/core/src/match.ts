import { isUnder } from './layers/layer.js';

/** Which parameters: state_dict prefixes ('fc', 'layer4.1'), or whether a state_dict key is one of them. */
export type ParameterMatch = string | readonly string[] | ((key: string) => boolean);

export const matches = (match: ParameterMatch, key: string): boolean =>
  typeof match === 'function' ? match(key) : [match].flat().some((prefix) => isUnder(prefix, key));
