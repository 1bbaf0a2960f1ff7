import { cmykToRgb } from './cmyk.js';
import type { JpegHeader } from './containers/container.js';
import type { Decoder } from './decoder.js';

/** libjpeg-turbo's own interface, as its WebAssembly exports it: pointers and sizes in bytes. */
interface TurboJpeg {
  readonly memory: WebAssembly.Memory;
  malloc(size: number): number;
  free(pointer: number): void;
  /** Makes a decompressor; 0 without memory. */
  tjInitDecompress(): number;
  tjDestroy(decompressor: number): number;
  tjDecompress2(
    decompressor: number,
    file: number,
    fileSize: number,
    pixels: number,
    width: number,
    pitch: number,
    height: number,
    pixelFormat: number,
    flags: number,
  ): number;
}

/** Pixel formats of turbojpeg.h, by the components of the file: grey stays grey. */
const PIXEL_FORMATS = { 1: 6, 3: 0, 4: 11 } as const;

function instantiate(wasm: WebAssembly.Module): TurboJpeg {
  // Its jump back to where it was called has no counterpart in WebAssembly: the instance can't be used after it.
  const stop = (): never => {
    throw new Error('the decoder gave up on it');
  };
  const { exports } = new WebAssembly.Instance(wasm, {
    env: { setjmp: () => 0, longjmp: stop },
    wasi_snapshot_preview1: {
      environ_sizes_get: () => 0,
      environ_get: () => 0,
      proc_exit: stop,
      fd_close: () => 0,
      fd_seek: () => 0,
      fd_write: () => 0,
    },
  });
  if (typeof exports.tjDecompress2 !== 'function') throw new Error("its wasm file is not libjpeg-turbo's");
  return exports as unknown as TurboJpeg;
}

function run(turbo: TurboJpeg, bytes: Uint8Array, { width, height, components }: JpegHeader) {
  const size = width * height * components;
  const file = turbo.malloc(bytes.length);
  const pixels = turbo.malloc(size);
  const decompressor = turbo.tjInitDecompress();
  if (!file || !pixels || !decompressor) throw new Error('there is not enough memory for it');
  new Uint8Array(turbo.memory.buffer, file, bytes.length).set(bytes);
  const format = PIXEL_FORMATS[components];
  const pitch = width * components;
  // -1 after a warning; what it can't decode stops it.
  const status = turbo.tjDecompress2(decompressor, file, bytes.length, pixels, width, pitch, height, format, 0);
  const data = new Uint8Array(turbo.memory.buffer, pixels, size).slice();
  turbo.tjDestroy(decompressor);
  turbo.free(pixels);
  turbo.free(file);
  return { data, damaged: status !== 0 };
}

/** Starts a JPEG decoder: libjpeg-turbo in WebAssembly. */
export function startJpeg(wasm: WebAssembly.Module): Decoder<JpegHeader> {
  const turbo = instantiate(wasm);
  return {
    memory: () => turbo.memory.buffer.byteLength,
    async decode(bytes, header) {
      const { data, damaged } = run(turbo, bytes, header);
      const { width, height, components } = header;
      return components === 4
        ? { data: cmykToRgb(data), width, height, channels: 3, damaged }
        : { data, width, height, channels: components, damaged };
    },
  };
}
