/*
 * Door that every package of a family exports, so that it alone is enough to use its nets. Everything here is behind
 * `@cnnzoo/core` too.
 */
export { type BackendName, type UseBackendOptions, useBackend } from './backend/index.js';
export type { StateDict } from './checkpoint/index.js';
export type { Net } from './graph/index.js';
export { type Summary, summary } from './graph/index.js';
export type { ImageInput, ImageOptions, Preprocessing } from './images/index.js';
export {
  loadStateDict,
  type SaveOptions,
  type SaveStateDictOptions,
  saveStateDict,
  stateDict,
} from './state-dict/index.js';
export { CnnzooError, type ErrorCode } from './util/index.js';
export { Classifier, type ClassifyOptions, load, type Prediction, type PretrainedOptions } from './zoo/index.js';
