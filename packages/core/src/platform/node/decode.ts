import type { Codec } from '../../images/codec.js';
import type { DecodedImage } from '../../images/decoded.js';

/** Below this many bytes, handing an image to sharp's own threads takes longer than decoding it (measured: ten times). */
const SMALL = 8192;

let codec: Promise<Codec> | undefined;

async function chooseCodec(): Promise<Codec> {
  const [{ findSharp, sharpCodec }, { wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('./sharp-codec.js'),
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  const wasm = wasmCodec(loadCodecWasm);
  const sharp = await findSharp();
  if (!sharp) return wasm;
  const native = sharpCodec(sharp);
  return (bytes, format) => (bytes.length < SMALL ? wasm : native)(bytes, format);
}

/**
 * Decodes a JPEG, PNG or WebP: by sharp where it is installed and the image is not small, else by the wasm codecs, to
 * the same bytes.
 *
 * @param name for messages: a path, a URL, 'bytes'.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  const { decodeWith } = await import('../../images/codec.js');
  codec ??= chooseCodec();
  return decodeWith(await codec, bytes, name);
}
