import type { LoadWasm, Sharp } from '../codecs.js';
import { type CodecUrls, compileCodec } from './compile-codec.js';

/** The copies in dist/wasm, written out one by one: bundlers emit the files they find in this form, and only those. */
const urlOf = {
  JPEG: () => new URL('./wasm/jpeg-turbo.wasm', import.meta.url),
  WebP: () => new URL('./wasm/webp_dec.wasm', import.meta.url),
};

export const codecUrls = (): CodecUrls => ({ JPEG: urlOf.JPEG().href, WebP: urlOf.WebP().href });

export const loadCodecWasm: LoadWasm = (format) => compileCodec(urlOf[format]().href);

/** A page has no sharp. Its own decoders are no help either: they apply colour profiles and premultiply. */
export const findSharp = async (): Promise<Sharp | null> => null;
