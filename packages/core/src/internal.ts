/**
 * Insides of core for the tools, benchmarks and tests of this repository. The published package does not export them:
 * they change without notice.
 */
export { hashSource, openPath, pathOf, requireWritable, writeFileAtomic } from '#platform';
export { readAll } from './checkpoint/index.js';
export { parseMirrorIndex } from './download/late.js';
export { featuresOf } from './graph/index.js';
export { withBuildScope } from './layers/index.js';
export { buildTrained, MODEL_KEY, openWeights, WEIGHTS_KEY } from './zoo/late.js';
