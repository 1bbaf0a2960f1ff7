import { CnnzooError } from '../util/index.js';
import type { Codec, DecodeOptions } from './codec.js';
import type { DecodedImage } from './image.js';

/** @param name for messages: a path, a URL, 'bytes'. */
export type DecodeImage = (bytes: Uint8Array, name: string, options?: DecodeOptions) => Promise<DecodedImage>;

/**
 * Makes a platform's decoder, which loads its code with the first image, and again after it could not be loaded.
 *
 * @throws CnnzooError BACKEND where it can't be loaded.
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

/** Core's own codecs, with the help of sharp if it is installed. */
async function loadCodec(): Promise<Codec> {
  const [{ wasmCodec }, { findSharp, loadCodecWasm }] = await Promise.all([import('./codecs.js'), import('#platform')]);
  const wasm = wasmCodec(loadCodecWasm);
  const sharp = await findSharp();
  return sharp ? (await import('./codecs.js')).sharpCodec(sharp, wasm) : wasm;
}

/** Decodes a JPEG, PNG or WebP image. */
export const decodeImage = /* @__PURE__ */ imageDecoder(loadCodec);
