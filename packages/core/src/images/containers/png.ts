import { crc32 } from '#platform';
import type { Container, Refuse } from './container.js';

const SIGNATURE = 8;
/** A chunk's length, type and checksum. */
const FRAME = 12;

/** Walks a PNG's chunks to IEND and verifies their checksums (PNG specification, third edition, section 5). */
export function readPng(bytes: Uint8Array, refuse: Refuse): Container {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: { width: number; height: number } | undefined;
  let exif: Uint8Array | undefined;
  let hasPixels = false;
  let at = SIGNATURE;
  while (at + FRAME <= bytes.length) {
    const length = view.getUint32(at);
    const end = at + FRAME + length;
    if (end > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, end - 4);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      refuse(`one whose ${type} chunk at byte ${at} is damaged (its checksum does not fit)`);
    if (!header && (type !== 'IHDR' || length < 13)) refuse(`one that begins with ${type} instead of a header`);
    header ??= { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (type === 'IDAT') hasPixels = true;
    if (type === 'eXIf') exif = body;
    if (type === 'IEND') {
      if (!hasPixels) refuse('one without pixels');
      return exif ? { ...header, exif } : header;
    }
    at = end;
  }
  return refuse(`${bytes.length} bytes without the end of the image (truncated)`);
}
