import { copyOf } from '../bytes.js';
import type { Codec } from './codec.js';
import type { ImageFormat } from './containers/container.js';
import type { DecodedImage } from './decoded.js';

/** The decoders' WebAssembly, by format. How a file is found differs between Node and browsers. */
export type LoadWasm = (format: ImageFormat) => Promise<WebAssembly.Module>;

type Decode = (bytes: Uint8Array<ArrayBuffer>) => Promise<DecodedImage>;

/** The two codecs that Emscripten made have one interface; their published types leave some of it out. */
interface EmscriptenCodec {
  default(buffer: ArrayBuffer): Promise<ImageData>;
  init(options: {
    instantiateWasm(
      imports: WebAssembly.Imports,
      callback: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Exports;
    printErr(line: string): void;
  }): Promise<void>;
}

async function emscripten(codec: EmscriptenCodec, wasm: WebAssembly.Module): Promise<Decode> {
  const complaints: string[] = [];
  const start = (): Promise<void> =>
    codec.init({
      instantiateWasm(imports, callback) {
        const instance = new WebAssembly.Instance(wasm, imports);
        callback(instance);
        return instance.exports;
      },
      printErr: (line) => complaints.push(line),
    });
  await start();
  return async (bytes) => {
    complaints.length = 0;
    try {
      const { data, width, height } = await codec.default(bytes.buffer);
      return { data, width, height, channels: 4 };
    } catch (cause) {
      // A decoder that gave up keeps what it had allocated: the next image gets a new one.
      await start();
      throw new Error(complaints.join('; ') || 'the decoder gave up', { cause });
    }
  };
}

async function startPng(wasm: WebAssembly.Module): Promise<Decode> {
  const { decode, init } = await import('@jsquash/png/decode.js');
  await init(wasm);
  return async (bytes) => {
    // The 8-bit way rounds 16-bit files instead of taking their high byte, and needs a page's ImageData.
    const image = await decode(bytes.buffer, { bitDepth: 16 });
    const { data: wide, width, height } = image;
    const data = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
      data[to] = wide[from]! >> 8;
      data[to + 1] = wide[from + 1]! >> 8;
      data[to + 2] = wide[from + 2]! >> 8;
    }
    image.free();
    return { data, width, height, channels: 3 };
  };
}

async function startDecoder(format: ImageFormat, load: LoadWasm): Promise<Decode> {
  const wasm = await load(format);
  if (format === 'PNG') return startPng(wasm);
  const codec = format === 'JPEG' ? await import('@jsquash/jpeg/decode.js') : await import('@jsquash/webp/decode.js');
  return emscripten(codec as unknown as EmscriptenCodec, wasm);
}

/** The codecs that core brings along (jSquash: MozJPEG, libwebp and a PNG decoder in WebAssembly), each started once. */
export function wasmCodec(load: LoadWasm): Codec {
  const started = new Map<ImageFormat, Promise<Decode>>();
  return async (bytes, format) => {
    let decoder = started.get(format);
    if (!decoder) {
      decoder = startDecoder(format, load);
      started.set(format, decoder);
      // A wasm file that did not arrive is asked for again next time.
      decoder.catch(() => started.delete(format));
    }
    return (await decoder)(copyOf(bytes));
  };
}
