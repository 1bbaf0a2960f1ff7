import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { LoadWasm, Sharp } from '../codecs.js';

const FILES = {
  JPEG: '@cwasm/jpeg-turbo/jpeg-turbo.wasm',
  WebP: '@jsquash/webp/codec/dec/webp_dec.wasm',
};

/** Node's fetch reads no files, so the codecs can't find their own. */
export const loadCodecWasm: LoadWasm = async (format) =>
  WebAssembly.compile(new Uint8Array(await readFile(createRequire(import.meta.url).resolve(FILES[format]))));

/** Loads sharp. null if it is not installed, or does not run on this machine. */
export async function findSharp(): Promise<Sharp | null> {
  try {
    return (await import('sharp')).default;
  } catch {
    return null;
  }
}
