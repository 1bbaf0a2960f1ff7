import type { Codec } from '../../images/codec.js';
import { imageDecoder } from '../../images/image-decoder.js';

async function loadCodec(): Promise<Codec> {
  const [{ findSharp, sharpCodec }, { wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('./sharp-codec.js'),
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  const wasm = wasmCodec(loadCodecWasm);
  const sharp = await findSharp();
  return sharp ? sharpCodec(sharp, wasm) : wasm;
}

/** Decodes an image, a JPEG or WebP with the help of sharp where it is installed. */
export const decodeImage = /* @__PURE__ */ imageDecoder(loadCodec);
