import type { Container, Refuse } from './container.js';

// Markers: ITU-T T.81, table B.1.
const STUFFED = 0x00;
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
/** Start of frame, whatever the coding: 0xc0 to 0xcf but for the tables (C4, CC) and the reserved C8. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];

/** Where the entropy-coded data that starts at `at` ends: at its next marker. */
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
 * Walks a JPEG's segments to its end-of-image marker. Decoders fill what a truncated file lacks with grey, so a file
 * without that marker is refused here.
 */
export function readJpeg(bytes: Uint8Array, refuse: Refuse): Container {
  let frame: { width: number; height: number } | undefined;
  let exif: Uint8Array | undefined;
  let scans = 0;
  let at = 2;
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) {
      // libjpeg skips stray bytes between segments, and files with such bytes are about.
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
      else return exif ? { ...frame, exif } : frame;
    }
    if (marker === STUFFED || marker === TEM || marker === SOI || (marker >= RST0 && marker <= RST7)) continue;
    const length = (bytes[at]! << 8) | bytes[at + 1]!;
    if (!(at + length <= bytes.length)) break;
    const segment = bytes.subarray(at + 2, at + length);
    if (isFrame(marker)) {
      const [precision, h1, h0, w1, w0, components] = segment;
      if (precision !== 8) refuse(`one of ${precision} bits a channel`, 'Save it with 8 bits a channel.');
      if (components !== 1 && components !== 3)
        refuse(`one of ${components} channels (CMYK?)`, 'Convert it to RGB first: the colours depend on its profile.');
      frame = { height: (h1! << 8) | h0!, width: (w1! << 8) | w0! };
    }
    if (marker === APP1 && !exif && EXIF.every((byte, i) => segment[i] === byte)) exif = segment.subarray(EXIF.length);
    at += length;
    if (marker === SOS) {
      scans++;
      at = skipEntropy(bytes, at);
    }
  }
  return refuse(`${bytes.length} bytes without the end of the image (truncated)`);
}
