import { blobSource, bytesSource } from '../weights/formats/bytes.js';

/** The sha256 of an array's bytes, in hexadecimal. */
export async function hashBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  const { hashSource } = await import('#platform');
  return hashSource(bytesSource(new Uint8Array(buffer, byteOffset, byteLength), 'bytes'));
}

/** Bytes of a file's beginning and of its end that are read. */
const SAMPLE = 2 ** 16;

/**
 * A hash of a file's size, its first and its last 64 KiB; by its path or as a page's File. Compressed images that differ
 * anywhere differ there, so a large folder is told from another without reading all of it.
 */
export async function sampleFile(source: string | Blob): Promise<string> {
  const { openPath } = await import('#platform');
  const file = typeof source === 'string' ? await openPath(source) : blobSource(source, 'file');
  try {
    const size = Math.min(SAMPLE, file.size);
    const [head, tail] = [await file.read(0, size), await file.read(file.size - size, size)];
    return JSON.stringify([file.size, await hashBytes(head), await hashBytes(tail)]);
  } finally {
    await file.close();
  }
}
