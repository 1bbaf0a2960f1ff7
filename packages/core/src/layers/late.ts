// Not reached by a page that builds a net without them (docs/decisions/0031).
export { GroupNorm, type GroupNormOptions, groupNorm } from './group-norm.js';
export { registerLayers } from './register.js';
