import type { ImageFile } from './pipeline/job.js';

/** What is taken for an image: formats that can't be decoded are among them, so that they are reported, not overlooked. */
const IMAGE = /\.(p?jpe?g|jp[eg]|jfif?|pjp|png|webp|gif|bmp|tiff?|ppm|pgm|avif|heic)$/i;

/** A dot and a word. What follows the last dot of '1.5' is none. */
const ENDING = /\.[a-z]\w*$/i;

/** Files and folders that systems leave behind, beside hidden ones. */
const LEFTOVERS = new Set([
  'thumbs.db',
  'desktop.ini',
  '__macosx',
  '@eadir',
  '$recycle.bin',
  'system volume information',
  'lost+found',
]);

/** First bytes, in hexadecimal, of the formats that have an ending above. */
const SIGNATURES = [
  /^ffd8ff/, // JPEG
  /^89504e47/, // PNG
  /^52494646.{8}57454250/, // WebP
  /^47494638/, // GIF
  /^424d.{8}00000000/, // BMP
  /^(49492a00|4d4d002a)/, // TIFF
  /^.{8}66747970(61766966|61766973|68656963|68656978)/, // AVIF, HEIC
];

/** Returns true for a path with a part that is hidden, or that a system left behind. */
export const isLeftover = (path: string): boolean =>
  path.split('/').some((part) => part.startsWith('.') || LEFTOVERS.has(part.toLowerCase()));

/** Returns true for a path that may be an image's: by its ending, or because it has none. */
export const mayBeImage = (path: string): boolean => IMAGE.test(path) || !ENDING.test(path);

/**
 * Returns true for an image: by the ending of its name, or, where it has none, by its first bytes.
 * @throws CnnzooError FILE where it has to be opened and can't be.
 */
export async function isImage(path: string, source: ImageFile['source']): Promise<boolean> {
  if (!mayBeImage(path)) return false;
  if (IMAGE.test(path)) return true;
  const start = Array.from(await startOf(source), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return SIGNATURES.some((signature) => signature.test(start));
}

async function startOf(source: ImageFile['source']): Promise<Uint8Array> {
  if (typeof source !== 'string') return new Uint8Array(await source.slice(0, 16).arrayBuffer());
  const { openPath } = await import('#platform');
  const file = await openPath(source);
  try {
    return await file.read(0, Math.min(16, file.size));
  } finally {
    await file.close();
  }
}
