import { copyOf } from '../bytes.js';
import type { Decoder } from './decoder.js';

/** The codec that Emscripten made; its published types leave some of it out. */
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

/** Starts a WebP decoder: jSquash's libwebp in WebAssembly. */
export async function startWebp(wasm: WebAssembly.Module): Promise<Decoder<unknown>> {
  const codec = (await import('@jsquash/webp/decode.js')) as unknown as EmscriptenCodec;
  const complaints: string[] = [];
  let memory: WebAssembly.Memory | undefined;
  // Emscripten's own promise does not tell that no instance could be made.
  await new Promise<void>((resolve, reject) => {
    const instantiateWasm = (
      imports: WebAssembly.Imports,
      callback: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Exports => {
      try {
        const instance = new WebAssembly.Instance(wasm, imports);
        memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
        if (!memory) throw new Error("its wasm file is not libwebp's");
        callback(instance);
        return instance.exports;
      } catch (cause) {
        reject(cause);
        return {};
      }
    };
    codec.init({ instantiateWasm, printErr: (line) => complaints.push(line) }).then(resolve, reject);
  });
  return {
    memory: () => memory!.buffer.byteLength,
    async decode(bytes) {
      complaints.length = 0;
      try {
        const { data, width, height } = await codec.default(copyOf(bytes).buffer);
        return { data, width, height, channels: 4 };
      } catch (cause) {
        throw new Error(complaints.join('; ') || 'the decoder gave up on it', { cause });
      }
    },
  };
}
