import type { Codec } from '../../images/codec.js';
import type { DecodedImage } from '../../images/decoded.js';

let codec: Promise<Codec> | undefined;

async function loadCodec(): Promise<Codec> {
  const [{ wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  return wasmCodec(loadCodecWasm);
}

/**
 * Decodes a JPEG, PNG or WebP by the wasm codecs. Not by the browser, which applies colour profiles and premultiplies.
 *
 * @param name for messages: a path, a URL, 'bytes'.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  const { decodeWith } = await import('../../images/codec.js');
  codec ??= loadCodec();
  return decodeWith(await codec, bytes, name);
}
