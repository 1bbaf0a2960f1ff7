import { CnnzooError } from '../../errors.js';
import type { LoadWasm } from '../../images/wasm-codec.js';

/** The copies in dist/wasm, written out one by one: bundlers emit the files they find in this form, and only those. */
const urlOf = {
  JPEG: () => new URL('./wasm/mozjpeg_dec.wasm', import.meta.url),
  PNG: () => new URL('./wasm/squoosh_png_bg.wasm', import.meta.url),
  WebP: () => new URL('./wasm/webp_dec.wasm', import.meta.url),
};

export const loadCodecWasm: LoadWasm = async (format) => {
  const url = urlOf[format]();
  const response = await fetch(url);
  if (!response.ok)
    throw new CnnzooError('DOWNLOAD', `The ${format} decoder: expected ${url}, received HTTP ${response.status}.`);
  return WebAssembly.compile(await response.arrayBuffer());
};
