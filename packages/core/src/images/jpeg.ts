import { joinBytes } from '../util/late.js';
import type { Decoder, JpegHeader, Refuse } from './header.js';
import { ascii } from './image.js';

// Markers: ITU-T T.81, table B.1.
const STUFFED = 0x00;
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
/**
 * Returns true for a start of frame of any coding: 0xc0 to 0xcf without the tables (0xc4, 0xcc) and the reserved 0xc8.
 */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const EXIF = 'Exif\0\0';
const XMP = 'http://ns.adobe.com/xap/1.0/\0';

const isComponents = (n: number | undefined): n is JpegHeader['components'] => n === 1 || n === 3 || n === 4;

/** Returns the end of the entropy-coded data that starts at `at`, which is the position of the next marker. */
function skipEntropy(bytes: Uint8Array, at: number): number {
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    const next = bytes[at + 1];
    if (next !== STUFFED && next !== 0xff && !(next! >= RST0 && next! <= RST7)) return at;
    at += next === 0xff ? 1 : 2;
  }
}

/**
 * Reads the header of a JPEG, walking its segments to the end-of-image marker. A file without that marker is refused,
 * because decoders fill in grey for what a truncated file lacks.
 */
export function readJpeg(bytes: Uint8Array, refuse: Refuse): JpegHeader {
  let frame: Pick<JpegHeader, 'width' | 'height' | 'components'> | undefined;
  // EXIF data may continue in further segments.
  const exif: Uint8Array[] = [];
  let xmp: string | undefined;
  let scans = 0;
  let at = 2;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) {
      // Some files have stray bytes between segments; libjpeg skips them too.
      at++;
      continue;
    }
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    at += 2;
    if (marker === EOI) {
      if (!frame || scans === 0) refuse('one without pixels');
      else return { ...frame, exif: exif.length > 0 ? joinBytes(exif) : undefined, xmp };
    }
    if (marker === STUFFED || marker === TEM || marker === SOI || (marker >= RST0 && marker <= RST7)) continue;
    const length = (bytes[at]! << 8) | bytes[at + 1]!;
    if (!(at + length <= bytes.length)) break;
    const segment = bytes.subarray(at + 2, at + length);
    if (isFrame(marker)) {
      const [precision, h1, h0, w1, w0, components] = segment;
      if (precision !== 8) refuse(`one of ${precision} bits a channel`, 'Save it with 8 bits a channel.');
      if (!isComponents(components)) return refuse(`one of ${components} channels`, 'Convert it to RGB.');
      frame = { components, height: (h1! << 8) | h0!, width: (w1! << 8) | w0! };
    }
    // Pillow, too, reads metadata before the pixels alone.
    if (marker === APP1 && scans === 0) {
      if (ascii(segment, 0, EXIF.length) === EXIF) exif.push(segment.subarray(EXIF.length));
      if (ascii(segment, 0, XMP.length) === XMP) xmp = new TextDecoder('latin1').decode(segment.subarray(XMP.length));
    }
    at += length;
    if (marker === SOS) {
      scans++;
      at = skipEntropy(bytes, at);
    }
  }
  return refuse(`${bytes.length} bytes without the end of the image (truncated)`);
}

/** Returns a * b / 255, rounded, in Pillow's integer arithmetic. */
function multiply(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/**
 * Converts CMYK pixels that are stored inverted, as in every JPEG by Adobe, to RGB, as Pillow's `convert('RGB')` does.
 */
function cmykToRgb(stored: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((stored.length / 4) * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const white = stored[from + 3]!;
    for (let c = 0; c < 3; c++) rgb[to + c] = white - multiply(255 - stored[from + c]!, white);
  }
  return rgb;
}

/** Interface of libjpeg-turbo, as its WebAssembly exports it. Pointers are addresses in `memory`; sizes are bytes. */
interface TurboJpeg {
  readonly memory: WebAssembly.Memory;
  malloc(size: number): number;
  free(pointer: number): void;
  /** Makes a decompressor. Returns 0 if there is no memory for it. */
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

/** Pixel formats of turbojpeg.h by the number of components in the file. Grey stays grey. */
const PIXEL_FORMATS = { 1: 6, 3: 0, 4: 11 } as const;

function instantiate(wasm: WebAssembly.Module): TurboJpeg {
  // The decoder's longjmp has no counterpart in WebAssembly. An instance that tried it can't be used again.
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
  // -1 after a warning. An error that stops the decoder has thrown before.
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
