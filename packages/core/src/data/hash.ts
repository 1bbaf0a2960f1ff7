import { blobSource, bytesSource } from '../weights/formats/bytes.js';

/** The sha256 of an array's bytes, in hexadecimal. */
export async function hashBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<string> {
  const { hashSource } = await import('#platform');
  return hashSource(bytesSource(new Uint8Array(buffer, byteOffset, byteLength), 'bytes'));
}

/** The sha256 of a file, by its path or as a page's File. */
export async function hashFile(source: string | Blob): Promise<string> {
  const { hashSource, openPath } = await import('#platform');
  const file = typeof source === 'string' ? await openPath(source) : blobSource(source, 'file');
  try {
    return await hashSource(file);
  } finally {
    await file.close();
  }
}
