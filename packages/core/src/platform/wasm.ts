import { unpack } from '../util/late.js';
import type { LoadWasm } from './decoders.js';

/** WebAssembly of other packages as modules (docs/decisions/0038). */
const CODECS = {
  JPEG: () => import('../generated/jpeg-turbo.js'),
  WebP: () => import('../generated/webp_dec.js'),
};

/** Loads and compiles a decoder. */
export const loadCodecWasm: LoadWasm = async (format) =>
  WebAssembly.compile(await unpack(CODECS[format], `${format} decoder`));
