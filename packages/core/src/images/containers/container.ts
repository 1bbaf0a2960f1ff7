import { CnnzooError } from '../../errors.js';
import { readJpeg } from './jpeg.js';
import { readPng } from './png.js';
import { readWebp } from './webp.js';

export type ImageFormat = 'JPEG' | 'PNG' | 'WebP';

/** What a file says of itself before its pixels are decoded. */
export interface Container {
  readonly width: number;
  readonly height: number;
  /** The TIFF structure of the EXIF metadata, where there is one. */
  readonly exif?: Uint8Array;
}

/** Stops with an error about this file: what is wrong, and what to do. */
export type Refuse = (wrong: string, advice?: string) => never;

/** A decoder would need a gigabyte beyond this: sharp's own limit. */
const MAX_PIXELS = 0x3fff * 0x3fff;

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const ascii = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** What the bytes look like, for the message that refuses them. */
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

/** The format, by content: the name's extension is never asked. */
function formatOf(bytes: Uint8Array): ImageFormat | null {
  if (startsWith(bytes, JPEG)) return 'JPEG';
  if (startsWith(bytes, PNG)) return 'PNG';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'WebP';
  return null;
}

const READERS = { JPEG: readJpeg, PNG: readPng, WebP: readWebp };

/**
 * Reads a file's structure without decoding it, and refuses what is no JPEG, PNG or WebP, is truncated, or is of a
 * kind that not every decoder here can decode.
 *
 * @param name for messages.
 */
export function readContainer(bytes: Uint8Array, name: string): Container & { format: ImageFormat } {
  const format = formatOf(bytes);
  if (!format)
    throw new CnnzooError('IMAGE', `${name}: expected a JPEG, PNG or WebP image, received ${describe(bytes)}.`);
  const refuse: Refuse = (wrong, advice = 'Is the download or the copy complete?') => {
    throw new CnnzooError('IMAGE', `${name}: expected a whole ${format} image, received ${wrong}. ${advice}`);
  };
  const container = READERS[format](bytes, refuse);
  const { width, height } = container;
  if (width === 0 || height === 0) refuse(`one of ${width} x ${height} pixels`);
  if (width * height > MAX_PIXELS)
    refuse(`one of ${width} x ${height} pixels`, `Scale it down: the limit is ${MAX_PIXELS} pixels.`);
  return { ...container, format };
}
