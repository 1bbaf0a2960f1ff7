import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { LoadWasm } from '../../images/wasm-codec.js';

const FILES = {
  JPEG: '@cwasm/jpeg-turbo/jpeg-turbo.wasm',
  WebP: '@jsquash/webp/codec/dec/webp_dec.wasm',
};

/** Node's fetch reads no files, so the codecs can't find their own. */
export const loadCodecWasm: LoadWasm = async (format) =>
  WebAssembly.compile(new Uint8Array(await readFile(createRequire(import.meta.url).resolve(FILES[format]))));
