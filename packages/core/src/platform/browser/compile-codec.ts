import { CnnzooError } from '../../errors.js';
import type { ImageFormat } from '../../images/containers/container.js';

/** Where each decoder's WebAssembly is. */
export type CodecUrls = Readonly<Record<ImageFormat, string>>;

/** Fetches and compiles a decoder, in a page or in a worker. */
export async function compileCodec(format: ImageFormat, url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok)
    throw new CnnzooError('DOWNLOAD', `The ${format} decoder: expected ${url}, received HTTP ${response.status}.`);
  return WebAssembly.compile(await response.arrayBuffer());
}
