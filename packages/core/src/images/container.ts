import { CnnzooError } from '../util/index.js';
import { ascii } from './image.js';
import { readJpeg } from './jpeg.js';
import { readPng } from './png.js';
import { readWebp } from './webp.js';

export type ImageFormat = 'JPEG' | 'PNG' | 'WebP';

/** Metadata that may hold the orientation of an image. */
export interface Metadata {
  /** TIFF structure of the EXIF metadata. It may begin with JPEG's prefix. undefined if the file has none. */
  readonly exif?: Uint8Array | undefined;
  /** XMP packet. undefined if the file has none. */
  readonly xmp?: string | undefined;
}

interface Size extends Metadata {
  readonly width: number;
  readonly height: number;
}

export interface JpegHeader extends Size {
  /** 1: grey. 3: YCbCr or RGB. 4: CMYK or YCCK. */
  readonly components: 1 | 3 | 4;
}

export interface PngHeader extends Size {
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  readonly colour: 'grey' | 'rgb' | 'palette' | 'grey-alpha' | 'rgb-alpha';
  readonly interlaced: boolean;
  /** RGB of each entry. undefined if the file has no palette. */
  readonly palette: Uint8Array | undefined;
  /** Parts of the zlib stream of the pixels, in order. */
  readonly data: readonly Uint8Array[];
}

export type WebpHeader = Size;

/** Facts of a file that are known before its pixels are decoded. */
export type ImageHeader =
  | ({ readonly format: 'JPEG' } & JpegHeader)
  | ({ readonly format: 'PNG' } & PngHeader)
  | ({ readonly format: 'WebP' } & WebpHeader);

/**
 * Throws an error about the file in hand.
 *
 * @param wrong Noun for what is wrong with the file: 'one without pixels'.
 * @param advice Sentence that says what to do.
 */
export type Refuse = (wrong: string, advice?: string) => never;

/** Pixels above which Pillow takes an image for a decompression bomb. */
export const MAX_PIXELS = 178_956_970;

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Names the content of bytes for the message that refuses them. */
function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing (0 bytes)';
  const text = ascii(bytes, 0, 64);
  if (/^GIF8[79]a/.test(text)) return 'a GIF';
  if (text.startsWith('BM')) return 'a BMP';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'a TIFF';
  if (text.startsWith('%PDF')) return 'a PDF';
  if (/^ftyp(avif|avis)/.test(text.slice(4))) return 'an AVIF';
  if (/^ftyp(heic|heix|hevc|mif1|msf1)/.test(text.slice(4))) return 'a HEIC';
  if (/^\s*(<!doctype html|<html)/i.test(text)) return 'an HTML page';
  if (/^\s*(<\?xml|<svg)/.test(text)) return 'XML or SVG';
  const first = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${bytes.length} bytes that begin with ${first}`;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte);

/** Returns the format that the first bytes tell; the extension of the name is ignored. null for another format. */
function formatOf(bytes: Uint8Array): ImageFormat | null {
  if (startsWith(bytes, JPEG)) return 'JPEG';
  if (startsWith(bytes, PNG)) return 'PNG';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'WebP';
  return null;
}

function readHeader(format: ImageFormat, bytes: Uint8Array, refuse: Refuse): ImageHeader {
  if (format === 'JPEG') return { format, ...readJpeg(bytes, refuse) };
  return format === 'PNG' ? { format, ...readPng(bytes, refuse) } : { format, ...readWebp(bytes, refuse) };
}

/**
 * Reads the structure of a JPEG, PNG or WebP file without decoding its pixels.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the file is of another format, truncated, larger than `maxPixels` pixels, or of a kind
 * that not every decoder of core can decode.
 */
export function readContainer(bytes: Uint8Array, name: string, maxPixels = MAX_PIXELS): ImageHeader {
  if (!(typeof maxPixels === 'number' && maxPixels > 0))
    throw new CnnzooError('INPUT', `expected maxPixels above 0 (Infinity: no limit), received ${String(maxPixels)}.`);
  const format = formatOf(bytes);
  if (!format)
    throw new CnnzooError('IMAGE', `${name}: expected a JPEG, PNG or WebP image, received ${describe(bytes)}.`);
  const refuse: Refuse = (wrong, advice = 'Is the download or the copy complete?') => {
    throw new CnnzooError('IMAGE', `${name}: expected a whole ${format} image, received ${wrong}. ${advice}`);
  };
  const header = readHeader(format, bytes, refuse);
  const { width, height } = header;
  if (width === 0 || height === 0) refuse(`one of ${width} x ${height} pixels`);
  if (width * height > maxPixels)
    refuse(
      `one of ${width} x ${height} pixels`,
      `Scale it down, or allow more by the option maxPixels: the limit is ${maxPixels} pixels.`,
    );
  return header;
}
