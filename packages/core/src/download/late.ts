export { digitsInName, expectedDigits, fileNameOf } from './cached.js';
export { type ObtainOptions, obtainWeights } from './download.js';
export { parseMirrorIndex } from './mirror.js';
export type { Source } from './sources.js';
