import { findSharp, loadCodecWasm } from '#platform';
import { CnnzooError } from '../util/index.js';
import type { DecodeOptions } from './codec.js';
import type { Codec } from './header.js';
import type { DecodedImage } from './image.js';

/**
 * Decodes an image.
 *
 * @param name Name for messages: a path, a URL, 'bytes'.
 */
export type DecodeImage = (bytes: Uint8Array, name: string, options?: DecodeOptions) => Promise<DecodedImage>;

/**
 * Returns a decoder whose code is loaded by the first image. If loading fails, the next image tries again.
 *
 * @throws CnnzooError BACKEND, by the decoder, if the code can't be loaded.
 */
export function imageDecoder(loadCodec: () => Promise<Codec>): DecodeImage {
  let loading: Promise<DecodeImage> | undefined;
  const load = async (): Promise<DecodeImage> => {
    try {
      const [{ decodeWith }, codec] = await Promise.all([import('./codec.js'), loadCodec()]);
      return (bytes, name, options) => decodeWith(codec, bytes, name, options);
    } catch (cause) {
      loading = undefined;
      throw new CnnzooError('BACKEND', `The image decoders can't be loaded: ${cause}. No image is at fault.`, {
        cause,
      });
    }
  };
  return async (bytes, name, options) => {
    loading ??= load();
    return (await loading)(bytes, name, options);
  };
}

/** Loads core's own codec, or one that uses sharp if sharp is installed. */
async function loadCodec(): Promise<Codec> {
  const [{ sharpCodec, wasmCodec }, sharp] = await Promise.all([import('./codecs.js'), findSharp()]);
  const wasm = wasmCodec(loadCodecWasm);
  return sharp ? sharpCodec(sharp, wasm) : wasm;
}

/** Decodes a JPEG, PNG or WebP image. */
export const decodeImage = /* @__PURE__ */ imageDecoder(loadCodec);
