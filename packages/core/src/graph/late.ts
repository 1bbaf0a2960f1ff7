export { checkInput, inputOf } from './checks.js';
export { cutOf } from './cut.js';
export { descriptionOf, type LayerDescription, type LayerKind, type LayerWindow } from './description.js';
export { freeze, idlePrefix, matches, type ParameterMatch, type Part, unfreeze } from './freeze.js';
export { requireOneCopy } from './one-copy.js';
export { type NetPart, partOf } from './part.js';
export { requireHead } from './require-head.js';
export { featuresOf, tapOf } from './taps.js';
export { type NetGraph, type NetNode, walk } from './walk.js';
