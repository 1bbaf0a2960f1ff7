import type { Codec } from '../../images/codec.js';
import type { DecodedImage } from '../../images/decoded.js';

let codec: Promise<Codec> | undefined;

async function chooseCodec(): Promise<Codec> {
  const { findSharp, sharpCodec } = await import('./sharp-codec.js');
  const sharp = await findSharp();
  if (sharp) return sharpCodec(sharp);
  const [{ wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  return wasmCodec(loadCodecWasm);
}

/**
 * Decodes a JPEG, PNG or WebP: by sharp where it is installed, else by the wasm codecs, to the same bytes.
 *
 * @param name for messages: a path, a URL, 'bytes'.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  const { decodeWith } = await import('../../images/codec.js');
  codec ??= chooseCodec();
  return decodeWith(await codec, bytes, name);
}
