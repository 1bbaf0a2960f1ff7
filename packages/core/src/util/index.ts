export {
  copyOf,
  isArrayBuffer,
  isBlob,
  isBytes,
  isMap,
  isTypedArray,
  isUrl,
  numel,
} from './bytes.js';
export { CnnzooError, type ErrorCode, visible, visibleText, warn } from './errors.js';
export { checkCategories, checkOptions, checkWhole, shownValue } from './options.js';
export type { PackedFile } from './packed.js';
export { currentRandom, Random, type RandomState, withRandom } from './random.js';
