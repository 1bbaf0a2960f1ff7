import type { Codec } from '../../images/codec.js';
import { imageDecoder } from '../../images/image-decoder.js';

async function loadCodec(): Promise<Codec> {
  const [{ wasmCodec }, { loadCodecWasm }] = await Promise.all([
    import('../../images/wasm-codec.js'),
    import('./wasm-files.js'),
  ]);
  return wasmCodec(loadCodecWasm);
}

/**
 * Decodes a JPEG, PNG or WebP by core's own codecs. Not by the browser, which applies colour profiles and premultiplies.
 */
export const decodeImage = /* @__PURE__ */ imageDecoder(loadCodec);
