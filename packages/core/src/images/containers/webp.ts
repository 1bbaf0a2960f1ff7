import { ascii } from './ascii.js';
import type { Refuse, WebpHeader } from './container.js';

const RIFF_HEADER = 12;
const CHUNK_HEADER = 8;
const ANIMATION = 0x02;
/** Bits of VP8X: libwebp, and so Pillow, takes the metadata that they announce alone. */
const XMP = 0x04;
const EXIF = 0x08;

/** Walks a WebP's RIFF chunks (RFC 9649). */
export function readWebp(bytes: Uint8Array, refuse: Refuse): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(4, true) + 8;
  if (size > bytes.length) refuse(`${bytes.length} of its ${size} bytes (truncated)`);
  let frame: { width: number; height: number } | undefined;
  let exif: Uint8Array | undefined;
  let xmp: string | undefined;
  let flags = 0;
  let at = RIFF_HEADER;
  while (at + CHUNK_HEADER <= size) {
    const type = ascii(bytes, at, at + 4);
    const start = at + CHUNK_HEADER;
    const end = start + view.getUint32(at + 4, true);
    if (end > size) refuse(`one whose ${type.trim()} chunk is cut off`);
    const body = bytes.subarray(start, end);
    if (type === 'VP8X' && body.length >= 10) flags = body[0]!;
    if (flags & ANIMATION) refuse('an animation', 'Save the frame you want as a picture of its own.');
    if (type === 'VP8 ' && body.length >= 10)
      frame = { width: view.getUint16(start + 6, true) & 0x3fff, height: view.getUint16(start + 8, true) & 0x3fff };
    if (type === 'VP8L' && body.length >= 5) {
      const packed = view.getUint32(start + 1, true);
      frame = { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
    }
    if (type === 'EXIF' && flags & EXIF) exif ??= body;
    if (type === 'XMP ' && flags & XMP) xmp ??= new TextDecoder('latin1').decode(body);
    at = end + (body.length & 1);
  }
  if (!frame) return refuse('one without pixels');
  return { ...frame, exif, xmp };
}
