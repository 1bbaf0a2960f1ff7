import { CnnzooError } from '../../errors.js';
import type { LoadWasm } from '../../images/wasm-codec.js';

/** Written out one by one: bundlers copy the files that they find in this form, and only those. */
const urlOf = {
  JPEG: () => new URL('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm', import.meta.url),
  PNG: () => new URL('@jsquash/png/codec/pkg/squoosh_png_bg.wasm', import.meta.url),
  WebP: () => new URL('@jsquash/webp/codec/dec/webp_dec.wasm', import.meta.url),
};

export const loadCodecWasm: LoadWasm = async (format) => {
  const url = urlOf[format]();
  const response = await fetch(url);
  if (!response.ok)
    throw new CnnzooError('DOWNLOAD', `The ${format} decoder: expected ${url}, received HTTP ${response.status}.`);
  return WebAssembly.compile(await response.arrayBuffer());
};
