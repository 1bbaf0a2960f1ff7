// Apart from packed.ts, so that pako is loaded with the first file.
export { inflateRaw } from 'pako';
