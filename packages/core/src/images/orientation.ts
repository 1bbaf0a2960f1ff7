import type { DecodedImage } from './decoded.js';

const ORIENTATION = 0x0112;
const SHORT = 3;
const ENTRY = 12;

/**
 * The orientation tag of an EXIF block: 1 (upright) to 8. Anything that can't be read counts as upright, as viewers
 * take it.
 */
export function orientationOf(exif: Uint8Array | undefined): number {
  if (!exif || exif.length < 8) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * ENTRY;
    if (at + ENTRY > exif.length) return 1;
    if (view.getUint16(at, little) !== ORIENTATION || view.getUint16(at + 2, little) !== SHORT) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/**
 * Turns an image upright. Orientations (EXIF 2.3, tag 0x0112) say where the stored first row and column lie: 2 right
 * to left, 3 upside down, 4 bottom to top; 5 to 8 the same with rows and columns exchanged.
 */
export function upright(image: DecodedImage, orientation: number): DecodedImage {
  if (orientation === 1) return image;
  const { data, width: w, height: h, channels } = image;
  const exchanged = orientation >= 5;
  const width = exchanged ? h : w;
  const height = exchanged ? w : h;
  // Where the upright image's first pixel is stored, and how far apart the pixels of its rows and columns are.
  const fromRight = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const fromBottom = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const column = (fromRight ? -1 : 1) * channels;
  const row = (fromBottom ? -w : w) * channels;
  const stepX = exchanged ? row : column;
  const stepY = exchanged ? column : row;
  const first = ((fromBottom ? (h - 1) * w : 0) + (fromRight ? w - 1 : 0)) * channels;
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = first + y * stepY;
    for (let x = 0; x < width; x++, from += stepX) for (let c = 0; c < channels; c++) out[to++] = data[from + c]!;
  }
  return { data: out, width, height, channels };
}
