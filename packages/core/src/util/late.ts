export { abortedError, onAbort, orAbort, sleep, throwIfAborted } from './abort.js';
export {
  type ByteSource,
  blobSource,
  bytesSource,
  joinBytes,
  type ReadBuffer,
  ReusedBuffer,
  readBlob,
} from './byte-source.js';
export { bytesIn, requireBytesOf } from './bytes-in.js';
export { unpack } from './packed.js';
export { type Thresholds, thresholdsOf } from './thresholds.js';
