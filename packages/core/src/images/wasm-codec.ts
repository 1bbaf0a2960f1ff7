import { CnnzooError } from '../errors.js';
import type { LoadWasm, WasmFormat } from '../platform/codecs.js';
import type { Codec, CodecHeader } from './codec.js';
import type { Decoder } from './decoder.js';

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
    return (await import('./turbo-jpeg.js')).startJpeg(wasm) as Decoder<CodecHeader>;
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
