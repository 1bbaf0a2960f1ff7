import type { LoadWasm, Sharp, WasmFormat } from '#platform';
import { CnnzooError } from '../util/index.js';
import type { Codec, CodecHeader } from './codec.js';
import type { DecodedImage } from './image.js';

/** A started decoder of one format. After an image that it fails on, it is not used again. */
export interface Decoder<Header> {
  decode(bytes: Uint8Array, header: Header): Promise<DecodedImage>;
  /** Bytes of WebAssembly memory that it holds, which never become fewer. */
  memory(): number;
}

/** A decoder that holds more than this is not kept: a large image would keep its memory for good. */
const KEPT_MEMORY = 2 ** 26;

/** An error that no image is at fault for. */
const cantStart = (format: WasmFormat, cause: unknown): CnnzooError =>
  new CnnzooError(
    'BACKEND',
    `The ${format} decoder can't start: ${cause instanceof Error ? cause.message : String(cause)}. No image is at fault. ` +
      'Are the wasm files of @cnnzoo/core where the program finds them, and does the page allow WebAssembly ' +
      "(script-src 'wasm-unsafe-eval')?",
    { cause },
  );

/** Keeps what `make` gives by format; what it fails to give is asked for again next time. */
function keeping<T>(make: (format: WasmFormat) => Promise<T>) {
  const kept = new Map<WasmFormat, Promise<T>>();
  return {
    get(format: WasmFormat): Promise<T> {
      const known = kept.get(format);
      if (known) return known;
      const made = make(format).catch((cause: unknown) => {
        kept.delete(format);
        throw cause instanceof CnnzooError ? cause : cantStart(format, cause);
      });
      kept.set(format, made);
      return made;
    },
    drop: (format: WasmFormat): boolean => kept.delete(format),
  };
}

/**
 * The codecs that core brings along: libjpeg-turbo and libwebp in WebAssembly. Each is started once, and again after
 * an image that it failed on or that took much memory.
 *
 * @throws CnnzooError BACKEND where a decoder can't be started.
 */
export function wasmCodec(load: LoadWasm): Codec {
  const modules = keeping(load);
  const decoders = keeping<Decoder<CodecHeader>>(async (format) => {
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
  // One after the other: no image is given to a decoder that fails on another one meanwhile.
  const turns = new Map<WasmFormat, Promise<void>>();
  return (bytes, header) => {
    const decoded = (turns.get(header.format) ?? Promise.resolve()).then(() => decode(bytes, header));
    const done = (): void => undefined;
    turns.set(header.format, decoded.then(done, done));
    return decoded;
  };
}

/** Below this many bytes, handing an image to sharp's own threads takes longer than decoding it (measured: ten times). */
const SMALL = 8192;

/**
 * Decodes with sharp (libvips), told to leave colours and orientation alone, and with `wasm` where that is better:
 * small images, and CMYK, which sharp converts by a colour profile. An image that one of them finds damaged must pass
 * `wasm`, because libvips goes on behind errors that libjpeg, and so Pillow, stops at; its pixels are then sharp's,
 * which are Pillow's in the damaged blocks too.
 *
 * @param small bytes below which an image counts as small.
 */
export function sharpCodec(sharp: Sharp, wasm: Codec, small = SMALL): Codec {
  const decode = async (bytes: Uint8Array, failOn: 'none' | 'warning'): Promise<DecodedImage> => {
    const image = sharp(bytes, { ignoreIcc: true, failOn, unlimited: true, limitInputPixels: false });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    // Two are a PNG's.
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
