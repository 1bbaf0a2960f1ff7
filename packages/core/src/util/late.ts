export { abortedError, orAbort, sleep, throwIfAborted } from './abort.js';
export { type ByteSource, blobSource, bytesSource, type ReadBuffer, ReusedBuffer, readBlob } from './byte-source.js';
