// The readers and what only calls need; index.ts is loaded with the page.
export {
  byteSourceOf,
  checkKey,
  checkReadOptions,
  checkStart,
  MAX_CHECKPOINT,
  MAX_UNSTATED,
  type ReadBytesOptions,
  readByteSource,
  readCheckpoint,
  sourceName,
} from './read.js';
export { readSafetensors } from './safetensors.js';
export { encodeTransposed, isWorthTransposing, toTfValues } from './transposed.js';
