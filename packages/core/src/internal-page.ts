/**
 * Insides of core for a page that only classifies (`@cnnzoo/deploy/classify`), without TensorFlow.js: images, predictions, files of
 * tensors, errors. Rooms' doors lead to TensorFlow.js, so the files are named. They change without notice.
 */
export {
  absolute,
  fetchBytes,
  fetchUrl,
  hashSource,
  isFetched,
  openPath,
  PATIENCE,
  pathOf,
  shownUrl,
  writeNewFile,
} from '#platform';
export { readSafetensors } from './checkpoint/safetensors.js';
export {
  beyondFloat16,
  encodeHeader,
  GRAPH_KEY,
  type HeaderTensor,
  LARGEST_FLOAT16,
  toFloat16,
} from './checkpoint/write.js';
export { prepareImages } from './images/prepare-images.js';
export { preprocessingSchema } from './images/schema.js';
export { CnnzooError, checkOptions, isBlob, isTypedArray, isUrl, numel, shownValue } from './util/index.js';
export { type ByteSource, blobSource, bytesIn, bytesSource } from './util/late.js';
export { choiceOf, predictionsOf } from './zoo/predictions.js';
export { classifyStream, isStream } from './zoo/stream.js';
