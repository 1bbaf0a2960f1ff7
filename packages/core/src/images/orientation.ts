import type { Metadata } from './header.js';
import { ascii, type DecodedImage } from './image.js';

const ORIENTATION = 0x0112;
const ENTRY = 12;
const EXIF_PREFIX = 'Exif\0\0';

interface TagType {
  readonly bytes: number;
  read(view: DataView, at: number, little: boolean): number;
}

const ratio = (part: (at: number) => number, at: number): number => part(at) / part(at + 4);

/** Types of TIFF numbers by code. BYTE and UNDEFINED are absent, because Pillow reads both as bytes. */
const TYPES: Readonly<Record<number, TagType>> = {
  3: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  5: { bytes: 8, read: (view, at, little) => ratio((from) => view.getUint32(from, little), at) },
  6: { bytes: 1, read: (view, at) => view.getInt8(at) },
  8: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  9: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  10: { bytes: 8, read: (view, at, little) => ratio((from) => view.getInt32(from, little), at) },
  11: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  12: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  13: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  16: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/**
 * Returns the first value of the orientation tag of an EXIF block that can be read, a number of any type. undefined if
 * the block has no such tag, NaN if it is no TIFF structure.
 */
function fromExif(given: Uint8Array): number | undefined {
  // JPEG's prefix. Some writers put it before the block in other formats too, or twice in a JPEG.
  const exif = ascii(given, 0, EXIF_PREFIX.length) === EXIF_PREFIX ? given.subarray(EXIF_PREFIX.length) : given;
  if (exif.length === 0) return undefined;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const little = ascii(exif, 0, 2) === 'II';
  // Some writers store the 42 that follows the byte order in the other byte order.
  if (exif.length < 8 || !(little || ascii(exif, 0, 2) === 'MM') || !/^(\0\*|\*\0)$/.test(ascii(exif, 2, 4)))
    return Number.NaN;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + i * ENTRY;
    if (at + ENTRY > exif.length) return undefined;
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const type = TYPES[view.getUint16(at + 2, little)];
    const count = view.getUint32(at + 4, little);
    if (!type || count === 0) continue;
    // Values of more than four bytes lie at the offset that stands in their place.
    const start = type.bytes * count > 4 ? view.getUint32(at + 8, little) : at + 8;
    if (start + type.bytes * count <= exif.length) return type.read(view, start, little);
  }
  return undefined;
}

/**
 * Returns the orientation of an image, 1 (upright) to 8, as Pillow's `exif_transpose` finds it: by the EXIF metadata's
 * orientation tag, or without one by tiff:Orientation of the XMP metadata. Metadata that can't be read counts as
 * upright.
 */
export function orientationOf({ exif, xmp }: Metadata): number {
  const value = (exif && fromExif(exif)) ?? Number(xmp?.match(/tiff:Orientation(?:="|>)([0-9])/)?.[1]);
  return Number.isInteger(value) && value >= 1 && value <= 8 ? value : 1;
}

/**
 * Returns the image made upright. An orientation (EXIF 2.3, tag 0x0112) says where the first stored row and column
 * belong: 2 right to left, 3 upside down, 4 bottom to top; 5 to 8 are 1 to 4 with rows and columns exchanged.
 */
export function upright(image: DecodedImage, orientation: number): DecodedImage {
  if (orientation === 1) return image;
  const { data, width: w, height: h, channels } = image;
  const exchanged = orientation >= 5;
  const width = exchanged ? h : w;
  const height = exchanged ? w : h;
  // Index of the stored pixel that becomes the first upright one, and the distances between the stored pixels of its
  // rows and of its columns.
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
