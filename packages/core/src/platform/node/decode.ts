import type { Codec } from '../../images/codec.js';
import { imageDecoder } from '../../images/image-decoder.js';

/** Below this many bytes, handing an image to sharp's own threads takes longer than decoding it (measured: ten times). */
const SMALL = 8192;

async function loadCodec(): Promise<Codec> {
  const [{ findSharp, sharpCodec }, { wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('./sharp-codec.js'),
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  const wasm = wasmCodec(loadCodecWasm);
  const sharp = await findSharp();
  if (!sharp) return wasm;
  const native = sharpCodec(sharp, wasm);
  return (bytes, header) => (bytes.length < SMALL ? wasm : native)(bytes, header);
}

/** Decodes a JPEG or WebP by sharp where it is installed and the image is not small, else by core's own codecs. */
export const decodeImage = /* @__PURE__ */ imageDecoder(loadCodec);
