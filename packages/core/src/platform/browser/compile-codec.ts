import type { WasmFormat } from '../codecs.js';

/** Where each decoder's WebAssembly is. */
export type CodecUrls = Readonly<Record<WasmFormat, string>>;

/** Fetches and compiles a decoder, in a page or in a worker. */
export async function compileCodec(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`expected ${url}, received HTTP ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
