import { fetchBytes } from '../../download/fetch-bytes.js';
import { PATIENCE } from '../../download/watchdog.js';
import { CnnzooError } from '../../errors.js';
import { bytesSource } from '../../weights/formats/bytes.js';
import type { ByteSource } from '../../weights/read-buffer.js';
import { fetchUrl } from './fetch.js';

/** Bytes of the largest file that a page takes into memory. */
const MAX_BYTES = 2 ** 32;
const MAX_UNSTATED = 2 ** 30;

/** Fetches what a page names by a path or URL, into memory. */
export async function openPath(path: string | URL, signal?: AbortSignal): Promise<ByteSource> {
  const name = String(path);
  const limits = { maxBytes: MAX_BYTES, maxUnstated: MAX_UNSTATED, patience: { ...PATIENCE, totalMs: 3_600_000 } };
  try {
    return bytesSource(await fetchBytes(name, { fetch: fetchUrl, what: 'a file', signal, ...limits }), name);
  } catch (cause) {
    if (!(cause instanceof CnnzooError && cause.code === 'DOWNLOAD')) throw cause;
    throw new CnnzooError('FILE', `${cause.message} A page reads URLs, not files of the disk.`, { cause });
  }
}

/** A page has no file system. */
export async function writeFileAtomic(path: string | URL): Promise<void> {
  throw new CnnzooError(
    'FILE',
    `Can't write '${path}': a page has no file system. Use encodeSafetensors(stateDict(net)) and offer a download.`,
  );
}
