/**
 * Insides of core for the command, the tools and the tests of this repository. They change without notice: the command
 * depends on the very version of core that it was built with.
 */
export { hashSource, openPath, pathOf, requireWritable, writeFileAtomic } from '#platform';
export { readAll } from './checkpoint/index.js';
export { parseMirrorIndex } from './download/late.js';
export { descriptionOf, featuresOf, type LayerDescription, type LayerKind, type NetNode, walk } from './graph/late.js';
export { withBuildScope } from './layers/index.js';
export { buildFrom } from './state-dict/late.js';
export { withRandom } from './util/index.js';
export { downloadWeights, MODEL_KEY, namedEntry, resolveBuild, resolveEntry, WEIGHTS_KEY } from './zoo/late.js';
