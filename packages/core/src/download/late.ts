export { digitsInName, expectedDigits, fileNameOf } from './cached.js';
export { type ObtainOptions, obtainWeights } from './download.js';
export type { Source } from './sources.js';
