import { CnnzooError } from '../util/index.js';
import type { ImageFormat, ImageHeader, Refuse } from './header.js';
import { ascii } from './image.js';
import { readJpeg } from './jpeg.js';
import { readWebp } from './webp.js';

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

async function readHeader(format: ImageFormat, bytes: Uint8Array, refuse: Refuse): Promise<ImageHeader> {
  if (format === 'JPEG') return { format, ...readJpeg(bytes, refuse) };
  if (format === 'WebP') return { format, ...readWebp(bytes, refuse) };
  // Brings zlib along.
  return { format, ...(await import('./png.js')).readPng(bytes, refuse) };
}

/**
 * Reads the structure of a JPEG, PNG or WebP file without decoding its pixels.
 *
 * @param name Name for messages.
 * @throws CnnzooError IMAGE if the file is of another format, truncated, larger than `maxPixels` pixels, or of a kind
 * that not every decoder of core can decode.
 */
export async function readContainer(bytes: Uint8Array, name: string, maxPixels = MAX_PIXELS): Promise<ImageHeader> {
  if (!(typeof maxPixels === 'number' && maxPixels > 0))
    throw new CnnzooError('INPUT', `expected maxPixels above 0 (Infinity: no limit), received ${String(maxPixels)}.`);
  const format = formatOf(bytes);
  if (!format)
    throw new CnnzooError('IMAGE', `${name}: expected a JPEG, PNG or WebP image, received ${describe(bytes)}.`);
  const refuse: Refuse = (wrong, advice = 'Is the download or the copy complete?') => {
    throw new CnnzooError('IMAGE', `${name}: expected a whole ${format} image, received ${wrong}. ${advice}`);
  };
  const header = await readHeader(format, bytes, refuse);
  const { width, height } = header;
  if (width === 0 || height === 0) refuse(`one of ${width} x ${height} pixels`);
  if (width * height > maxPixels)
    refuse(
      `one of ${width} x ${height} pixels`,
      `Scale it down, or allow more by the option maxPixels: the limit is ${maxPixels} pixels.`,
    );
  return header;
}
