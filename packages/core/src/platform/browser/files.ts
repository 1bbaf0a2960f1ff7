import { CnnzooError } from '../../errors.js';
import { bytesSource } from '../../weights/formats/bytes.js';
import type { ByteSource } from '../../weights/tensors.js';

/** Fetches what a page names by a path or URL, into memory. */
export async function openPath(path: string | URL): Promise<ByteSource> {
  const name = String(path);
  const failed = (cause: unknown): never => {
    throw new CnnzooError('FILE', `Can't fetch '${name}': ${cause}. A page reads URLs, not files of the disk.`, {
      cause,
    });
  };
  const response = await fetch(path).catch(failed);
  if (!response.ok) throw new CnnzooError('FILE', `Can't fetch '${name}': the server answered ${response.status}.`);
  return bytesSource(new Uint8Array(await response.arrayBuffer().catch(failed)), name);
}

/** A page has no file system. */
export async function writeFileAtomic(path: string): Promise<void> {
  throw new CnnzooError(
    'FILE',
    `Can't write '${path}': a page has no file system. Use encodeSafetensors(stateDict(net)) and offer a download.`,
  );
}
