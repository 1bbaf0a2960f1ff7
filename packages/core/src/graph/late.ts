export { checkInput, inputOf, type Thresholds, thresholdsOf } from './checks.js';
export { freeze, idlePrefix, matches, type ParameterMatch, type Part, unfreeze } from './freeze.js';
export { type NetPart, partOf } from './part.js';
