import { copyOf } from '../util/index.js';
import type { Decoder, Refuse, WebpHeader } from './header.js';
import { ascii } from './image.js';

const RIFF_HEADER = 12;
const CHUNK_HEADER = 8;
const ANIMATION = 0x02;
/** Flags of the VP8X chunk. libwebp, and so Pillow, reads only the metadata that the flags announce. */
const XMP = 0x04;
const EXIF = 0x08;

/** Reads the header of a WebP, walking its RIFF chunks (RFC 9649). */
export function readWebp(bytes: Uint8Array, refuse: Refuse): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(4, true) + 8;
  if (size > bytes.length) refuse(`${bytes.length} of its ${size} bytes (truncated)`);
  let frame: { width: number; height: number } | undefined;
  let exif: Uint8Array | undefined;
  let xmp: string | undefined;
  let flags = 0;
  let at = RIFF_HEADER;
  while (at + CHUNK_HEADER <= size) {
    const type = ascii(bytes, at, at + 4);
    const start = at + CHUNK_HEADER;
    const end = start + view.getUint32(at + 4, true);
    if (end > size) refuse(`one whose ${type.trim()} chunk is cut off`);
    const body = bytes.subarray(start, end);
    if (type === 'VP8X' && body.length >= 10) flags = body[0]!;
    if (flags & ANIMATION) refuse('an animation', 'Save the frame you want as a picture of its own.');
    if (type === 'VP8 ' && body.length >= 10)
      frame = { width: view.getUint16(start + 6, true) & 0x3fff, height: view.getUint16(start + 8, true) & 0x3fff };
    if (type === 'VP8L' && body.length >= 5) {
      const packed = view.getUint32(start + 1, true);
      frame = { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    if (type === 'EXIF' && flags & EXIF) exif ??= body;
    if (type === 'XMP ' && flags & XMP) xmp ??= new TextDecoder('latin1').decode(body);
    at = end + (body.length & 1);
  }
  if (!frame) return refuse('one without pixels');
  return { ...frame, exif, xmp };
}

/** Codec as Emscripten compiled it. jSquash's published types lack some of its members. */
interface EmscriptenCodec {
  default(buffer: ArrayBuffer): Promise<ImageData>;
  init(options: {
    instantiateWasm(
      imports: WebAssembly.Imports,
      callback: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Exports;
    locateFile(file: string): string;
    printErr(line: string): void;
  }): Promise<void>;
}

/** Starts a WebP decoder: jSquash's libwebp in WebAssembly. */
export async function startWebp(wasm: WebAssembly.Module): Promise<Decoder<unknown>> {
  const codec = (await import('@jsquash/webp/decode.js')) as unknown as EmscriptenCodec;
  const complaints: string[] = [];
  let memory: WebAssembly.Memory | undefined;
  // The promise of Emscripten stays pending if the instance can't be made, so its hook is used instead.
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
    // Without locateFile the codec would resolve an address against its module's, which a bundle may lack.
    const locateFile = (file: string): string => file;
    codec.init({ instantiateWasm, locateFile, printErr: (line) => complaints.push(line) }).then(resolve, reject);
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
