import { wasmAdvice } from '#platform';
import type { LoadWasm, Sharp, WasmFormat } from '../platform/index.js';
import { CnnzooError } from '../util/index.js';
import type { Codec, CodecHeader, Decoder } from './header.js';
import type { DecodedImage } from './image.js';

/** Bytes of memory above which a decoder is dropped after the image: it would hold a large image's memory for good. */
const KEPT_MEMORY = 2 ** 26;

/** Returns the error for a decoder that can't start, whatever the image. */
const cantStart = (format: WasmFormat, cause: unknown): CnnzooError =>
  new CnnzooError(
    'BACKEND',
    `The ${format} decoder can't start: ${cause instanceof Error ? cause.message : String(cause)}. No image is at fault. ` +
      wasmAdvice(),
    { cause },
  );

/** Caches results of `make` by format. A rejected one is made anew by the next call. */
function cachedByFormat<T>(make: (format: WasmFormat) => Promise<T>) {
  const kept = new Map<WasmFormat, Promise<T>>();
  return {
    get(format: WasmFormat): Promise<T> {
      const known = kept.get(format);
      if (known) return known;
      const made = make(format).catch((cause: unknown) => {
        kept.delete(format);
        throw cause instanceof CnnzooError && cause.code === 'BACKEND' ? cause : cantStart(format, cause);
      });
      kept.set(format, made);
      return made;
    },
    drop: (format: WasmFormat): boolean => kept.delete(format),
  };
}

/**
 * Returns a codec of core's own decoders: libjpeg-turbo and libwebp in WebAssembly. Each is started once, and started
 * again after an image that it failed on or that took much memory.
 *
 * @param load Loads a decoder's WebAssembly.
 * @throws CnnzooError BACKEND, by the codec, if a decoder can't be started.
 */
export function wasmCodec(load: LoadWasm): Codec {
  const modules = cachedByFormat(load);
  const decoders = cachedByFormat<Decoder<CodecHeader>>(async (format) => {
    const wasm = await modules.get(format);
    if (format === 'WebP') return (await import('./webp.js')).startWebp(wasm);
    return (await import('./jpeg.js')).startJpeg(wasm) as Decoder<CodecHeader>;
  });
  const decode: Codec = async (bytes, header) => {
    const { format } = header;
    const decoder = await decoders.get(format);
    try {
      const image = await decoder.decode(bytes, header);
      if (decoder.memory() > KEPT_MEMORY) decoders.drop(format);
      return image;
    } catch (cause) {
      decoders.drop(format);
      throw cause;
    }
  };
  // A decoder works on one image at a time: an image that makes it fail must not take another one along.
  const turns = new Map<WasmFormat, Promise<void>>();
  return (bytes, header) => {
    const decoded = (turns.get(header.format) ?? Promise.resolve()).then(() => decode(bytes, header));
    const done = (): void => undefined;
    turns.set(header.format, decoded.then(done, done));
    return decoded;
  };
}

/**
 * Bytes below which sharp is not asked: handing a small image to sharp's threads takes ten times as long as decoding
 * it.
 */
const SMALL = 8192;

/**
 * Returns a codec that decodes with sharp (libvips), without its colour management and rotation. `wasm` decodes small
 * images, and CMYK, which sharp would convert by a colour profile.
 *
 * libvips continues after errors that stop libjpeg, and so Pillow. Therefore an image that sharp finds damaged must
 * also pass `wasm`. Its pixels are then sharp's, which equal Pillow's in the damaged blocks too.
 *
 * @param small Bytes below which an image counts as small.
 */
export function sharpCodec(sharp: Sharp, wasm: Codec, small = SMALL): Codec {
  const decode = async (bytes: Uint8Array, failOn: 'none' | 'warning'): Promise<DecodedImage> => {
    const image = sharp(bytes, { ignoreIcc: true, failOn, unlimited: true, limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    // Two channels are those of a PNG, which is never decoded here.
    return { data, width, height, channels: channels as 1 | 3 | 4 };
  };
  return async (bytes, header) => {
    if (header.format === 'JPEG' && header.components === 4) return wasm(bytes, header);
    const whole = bytes.length < small ? undefined : await decode(bytes, 'warning').catch(() => undefined);
    if (whole) return whole;
    const image = await wasm(bytes, header);
    return bytes.length < small && !image.damaged ? image : decode(bytes, 'none').catch(() => image);
  };
}
