/**
 * Insides of core for the command, the tools and the tests of this repository. They change without notice: the command
 * depends on the very version of core that it was built with.
 */
export {
  breathe,
  hashSource,
  importInstalled,
  localPath,
  namesIn,
  openPath,
  pathIn,
  pathOf,
  removeFiles,
  requireWritable,
  writeFileAtomic,
  writeNewDirectory,
  writeNewFile,
} from '#platform';
export { beyondFloat16, LARGEST_FLOAT16, readAll, toFloat16 } from './checkpoint/index.js';
export { allFinite, compileModel, scaleChannels, WeightsSnapshot } from './compile/late.js';
export { folderFiles } from './data/late.js';
export { parseMirrorIndex } from './download/late.js';
export {
  categoriesOf,
  isInStep,
  modelOf,
  noteOf,
  outputActivationOf,
  preprocessingOf,
  weightsOf,
} from './graph/index.js';
export { descriptionOf, featuresOf, type LayerDescription, type LayerKind, type NetNode, walk } from './graph/late.js';
export { type PreparedImages, prepareImages } from './images/index.js';
export { adaptiveShares, padAfter, withBuildScope } from './layers/index.js';
export { buildFrom } from './state-dict/late.js';
export { checkOptions, isTypedArray, shownValue, withRandom } from './util/index.js';
export {
  choiceOf,
  classifyStream,
  downloadWeights,
  isStream,
  MODEL_KEY,
  namedEntry,
  predictionsOf,
  resolveBuild,
  resolveEntry,
  WEIGHTS_KEY,
} from './zoo/late.js';
