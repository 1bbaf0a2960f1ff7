import { CnnzooError } from '../errors.js';

/**
 * All bytes of a Blob or File.
 *
 * @param name for messages.
 * @throws CnnzooError FILE where the file has changed or gone since it was chosen.
 */
export async function readBlob(blob: Blob, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    throw new CnnzooError('FILE', `${name}: can't be read (${cause}). Choose the file again.`, { cause });
  }
}
