// Exports that only calls need; index.ts is loaded with the page.
export { type DownloadOptions, download } from './download.js';
export type { Downloadable, Downloaded } from './downloaded.js';
export { parseMirrorIndex } from './mirror.js';
export { digitsInName, expectedDigits, fileNameOf } from './verify.js';
