import { ReusedBuffer } from './weights/read-buffer.js';

/** All bytes of a file, by its path, or in a page by its URL. */
export async function readFile(path: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
  const { openPath } = await import('#platform');
  const source = await openPath(path, signal);
  try {
    return await source.read(0, source.size, new ReusedBuffer());
  } finally {
    await source.close();
  }
}
