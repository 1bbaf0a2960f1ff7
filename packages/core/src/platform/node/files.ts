import { randomBytes } from 'node:crypto';
import { promises as fs, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { abortedError } from '../../download/aborted.js';
import { CnnzooError } from '../../errors.js';
import type { ByteSource, ReadBuffer } from '../../weights/read-buffer.js';
import { pathOf } from './paths.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path',
  EISDIR: 'it is a directory. Name a file',
  ENOTDIR: 'a part of the path is a file, not a directory. Check the path',
  EEXIST: 'a part of the path is a file, not a directory. Check the path',
  EACCES: 'permission is denied. Check who may read it',
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'the disk quota is used up. Free some space',
  EROFS: 'the file system is read-only. Choose another place',
};

export function fileError(action: string, path: string, cause: unknown): CnnzooError {
  const { code = '', message } = cause as { code?: string; message?: string };
  return new CnnzooError('FILE', `Can't ${action} '${path}': ${REASONS[code] ?? message}.`, { cause });
}

/** Bytes that are read sooner than another thread is woken to read them. */
const SMALL = 2 ** 16;

class NodeFile implements ByteSource {
  constructor(
    readonly name: string,
    readonly size: number,
    private readonly handle: fs.FileHandle,
  ) {}

  async read(offset: number, length: number, into?: ReadBuffer): Promise<Uint8Array> {
    // At an offset of 0 in its memory: a tensor's values can be viewed in place.
    const bytes = into ? into.take(length) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    if (length <= SMALL) {
      this.readInto(bytes, offset);
      return bytes;
    }
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.handle
        .read(bytes, done, length - done, offset + done)
        .catch((cause: unknown) => Promise.reject(fileError('read', this.name, cause)));
      if (bytesRead === 0) throw this.endsEarly(offset, length, done);
      done += bytesRead;
    }
    return bytes;
  }

  readInto(target: Uint8Array, offset: number): void {
    for (let done = 0; done < target.length; ) {
      let count: number;
      try {
        count = readSync(this.handle.fd, target, done, target.length - done, offset + done);
      } catch (cause) {
        throw fileError('read', this.name, cause);
      }
      if (count === 0) throw this.endsEarly(offset, target.length, done);
      done += count;
    }
  }

  private endsEarly(offset: number, expected: number, received: number): CnnzooError {
    return new CnnzooError(
      'FORMAT',
      `'${this.name}' ends too early: expected ${expected} bytes at ${offset}, received ${received}. Fetch the file again.`,
    );
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** Opens a file by its path or file: URL. The caller closes it. */
export async function openPath(path: string | URL, signal?: AbortSignal): Promise<ByteSource> {
  if (signal?.aborted) throw abortedError(signal);
  const name = pathOf(path);
  let handle: fs.FileHandle;
  try {
    const stat = await fs.stat(name);
    if (stat.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    // Opening a pipe would wait for its other end.
    if (!stat.isFile()) throw new Error('it is a pipe or a device. Name a file');
    handle = await fs.open(name, 'r');
  } catch (cause) {
    throw fileError('open', name, cause);
  }
  try {
    const { size } = await handle.stat();
    return new NodeFile(name, size, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes a rename last through a power failure, where the system can sync a directory. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await fs.open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/**
 * Makes a directory and those above it. Not by Node's `recursive`, which never ends where a parent can't be made
 * without a reason (ENOENT below /proc).
 */
export async function makeDirectory(path: string): Promise<void> {
  const isThere = async (cause: unknown): Promise<void> => {
    if (!(await fs.stat(path).catch(() => undefined))?.isDirectory()) throw cause;
  };
  try {
    await fs.mkdir(path);
  } catch (cause) {
    const above = dirname(path);
    if ((cause as { code?: string }).code !== 'ENOENT' || above === path) return isThere(cause);
    await makeDirectory(above);
    await fs.mkdir(path).catch(isThere);
  }
}

/**
 * Writes a file whole or not at all: beside its place first, synced, then renamed. Whatever fails, a full disk too,
 * the file that was there before stays, and nothing half-written.
 */
export async function writeFileAtomic(
  location: string | URL,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = pathOf(location);
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await makeDirectory(directory);
    const stat = await fs.stat(path).catch(() => undefined);
    if (stat?.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    const handle = await fs.open(temporary, 'wx');
    try {
      for await (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
    await syncDirectory(directory);
  } catch (cause) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw cause instanceof CnnzooError ? cause : fileError('write', path, cause);
  }
}
