// The steps of pretrained(), for tools that take them one by one; index.ts is loaded with the page.
export { namedEntry } from './identify.js';
export { downloadWeights } from './origin.js';
export { type Choice, choiceOf, predictionsOf } from './predictions.js';
export { resolveBuild, resolveEntry } from './resolve.js';
export { classifyStream, isStream } from './stream.js';
export { MODEL_KEY, WEIGHTS_KEY } from './weights.js';
