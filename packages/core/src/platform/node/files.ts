import { randomBytes } from 'node:crypto';
import { type Dirent, promises as fs, readSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CnnzooError, isUrl } from '../../util/index.js';
import { abortedError, type ByteSource, type ReadBuffer } from '../../util/late.js';
import { fileReader } from '../common.js';
import type { Listing, WriteFiles } from '../contract.js';
import { codeOf } from './cache-files.js';

/** Beginning of a URL. A drive's letter is no scheme, nor is the text before a colon inside a name ('run-12:30'). */
const SCHEME = /^(?:[a-z][a-z\d+.-]+:\/|(?:https?|data|blob|file):)/i;

const refused = (location: string, why: string, cause?: unknown): CnnzooError =>
  new CnnzooError(
    'FILE',
    `Expected a path, or the file: URL of one ('file:///data/net.safetensors'), received '${location}': ${why}.`,
    cause === undefined ? {} : { cause },
  );

function pathOfFileUrl(location: string): string {
  if (!/^file:\//i.test(location)) throw refused(location, 'a file: URL has an absolute path');
  let url: URL;
  try {
    url = new URL(location);
    if (url.host === '' && url.search === '' && url.hash === '') return fileURLToPath(url);
  } catch (cause) {
    throw refused(location, (cause as Error).message, cause);
  }
  throw url.host === ''
    ? refused(location, "write '?' and '#' inside a name as %3F and %23")
    : refused(location, `it names the machine '${url.host}'. Name a file of this one`);
}

/** Returns the location itself: a worker has the working directory of its process. */
export const absolute = (location: string | URL): string => String(location);

/**
 * Returns the path that a path or file: URL names. undefined for a location behind a network.
 *
 * @throws CnnzooError FILE for a file: URL that names no path of this machine.
 */
export function localPath(location: string | URL): string | undefined {
  const text = String(location);
  if (/^file:/i.test(text)) return pathOfFileUrl(text);
  return isUrl(location) || SCHEME.test(text) ? undefined : text;
}

/**
 * Returns the path that a path or file: URL names.
 *
 * @throws CnnzooError INPUT for a value that is neither text nor a URL; FILE for a URL of another scheme.
 */
export function pathOf(location: string | URL): string {
  if (location === '' || !(typeof location === 'string' || isUrl(location)))
    throw new CnnzooError(
      'INPUT',
      `Expected a path or a file: URL, received ${location === '' ? 'an empty text' : `${location}`}.`,
    );
  const path = localPath(location);
  if (path !== undefined) return path;
  throw refused(String(location), 'it is no file of this machine');
}

/** Returns the path of a file in a directory. */
export const pathIn = (directory: string | URL, name: string): string => join(pathOf(directory), name);

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

/**
 * Returns an error for a file that can't be used. Its message says what to do.
 *
 * @param action Verb for the message: 'read'.
 */
function fileError(action: string, path: string, cause: unknown): CnnzooError {
  const { code = '', message } = cause as { code?: string; message?: string };
  return new CnnzooError('FILE', `Can't ${action} '${path}': ${REASONS[code] ?? message}.`, { cause });
}

/** Bytes up to which a read blocks the thread: that takes less time than waking another thread. */
const SMALL = 2 ** 16;

class NodeFile implements ByteSource {
  constructor(
    readonly name: string,
    readonly size: number,
    private readonly handle: fs.FileHandle,
  ) {}

  async read(offset: number, length: number, into?: ReadBuffer): Promise<Uint8Array> {
    // The memory starts at offset 0 of its buffer, so that the values of a tensor can be viewed in place.
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

/**
 * Opens a file by its path or file: URL. The caller closes it.
 *
 * @throws CnnzooError FILE if it can't be opened; ABORTED by the signal.
 */
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

/**
 * Reads all bytes of a file, by its path or file: URL.
 *
 * @throws CnnzooError FILE if it can't be read; ABORTED by the signal.
 */
export const readFile = /* @__PURE__ */ fileReader(openPath);

/** Makes a rename survive a power failure, if the system can sync a directory. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await fs.open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/**
 * Makes a directory and its parents. Node's `recursive` option is not used: it never ends if a parent can't be made and
 * the error is ENOENT, as below /proc.
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
 * Writes a file whole or not at all: to a temporary file in the same directory, which is synced and then renamed. If
 * that fails, as on a full disk, the previous file stays.
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

/**
 * Writes a file whole or not at all, as `writeFileAtomic`, where none is there: of two that write one path at once, one fails.
 *
 * @throws CnnzooError FILE if there is something at the path.
 */
export async function writeNewFile(
  location: string | URL,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = pathOf(location);
  const whole = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`);
  const taken = (): CnnzooError =>
    new CnnzooError('FILE', `There is a '${path}' already, and it stays. Remove it, or choose another name.`);
  if (await fs.lstat(path).catch(() => undefined)) throw taken();
  try {
    await writeFileAtomic(whole, chunks);
    // A link fails where the name is taken, which a renaming does not. Some file systems have none.
    await fs.link(whole, path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') throw taken();
      return fs.copyFile(whole, path, fs.constants.COPYFILE_EXCL);
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw taken();
    throw cause instanceof CnnzooError ? cause : fileError('write', path, cause);
  } finally {
    await fs.rm(whole, { force: true }).catch(() => undefined);
  }
}

/**
 * Writes a directory whole or not at all, where none is there: beside it, and then renamed. One that is there and empty is written into, file
 * by file, since it may be a volume or the working directory.
 *
 * @throws CnnzooError FILE if the directory has something in it.
 */
export async function writeNewDirectory(location: string | URL, write: WriteFiles): Promise<void> {
  const path = resolve(pathOf(location));
  const checkEmpty = async (): Promise<void> => {
    const [first] = await namesIn(path);
    if (first !== undefined)
      throw new CnnzooError(
        'FILE',
        `Expected a directory that is empty or does not exist, '${path}' has '${first}'. Choose another.`,
      );
  };
  await checkEmpty();
  const isThere = (await fs.stat(path).catch(() => undefined)) !== undefined;
  const whole = isThere ? path : join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`);
  const written: string[] = [];
  try {
    await write(async (name, chunks) => {
      await writeNewFile(join(whole, name), chunks);
      written.push(join(whole, name));
    });
    if (isThere) return;
    await fs.rename(whole, path).catch(async (cause: unknown) => {
      await checkEmpty();
      throw fileError('write', path, cause);
    });
    await syncDirectory(dirname(path));
  } catch (error) {
    if (isThere) await removeFiles(written);
    else await fs.rm(whole, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** Adds text to the end of a file. Creates the file if it does not exist. */
export async function appendText(location: string | URL, text: string): Promise<void> {
  const path = pathOf(location);
  try {
    await makeDirectory(dirname(path));
    await fs.appendFile(path, text);
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

/**
 * Returns the directory, or its nearest parent that exists. A dangling link counts as existing, since no directory can
 * be made in its place.
 */
async function existing(directory: string): Promise<string> {
  const found = await fs.lstat(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && dirname(directory) !== directory) return undefined;
    throw cause;
  });
  return found ? fs.realpath(directory) : existing(dirname(directory));
}

/**
 * Checks that a directory can be written to or be made. Leaves nothing behind.
 *
 * @returns the directory's path.
 * @throws CnnzooError FILE if it can't.
 */
export async function requireWritable(location: string | URL): Promise<string> {
  const directory = pathOf(location);
  try {
    // Permissions are not enough to know: a file system may be read-only.
    await fs.rmdir(await fs.mkdtemp(join(await existing(resolve(directory)), '.cnnzoo-')));
  } catch (cause) {
    throw fileError('write to', directory, cause);
  }
  return directory;
}

/** Removes files. Files that do not exist are ignored. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    await fs.rm(path, { force: true }).catch((cause: unknown) => Promise.reject(fileError('remove', path, cause)));
}

/** Returns the names in a directory. Empty if the directory does not exist. */
export async function namesIn(location: string | URL): Promise<string[]> {
  const directory = pathOf(location);
  return fs.readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw fileError('list', directory, cause);
  });
}

/** Returns the kind of an entry, for a link that of its target. */
async function kindOf(entry: Dirent, path: string): Promise<{ isDirectory(): boolean; isFile(): boolean }> {
  if (entry.isDirectory() || entry.isFile()) return entry;
  return fs.stat(path).catch((cause: unknown) => {
    if (entry.isSymbolicLink() && codeOf(cause) === 'ENOENT')
      throw fileError('open', path, { message: 'it is a link to something that is not there. Remove it' });
    throw fileError('open', path, cause);
  });
}

/**
 * Lists the files and folders below a directory. Links are followed, except to a folder that contains them.
 *
 * @throws CnnzooError FILE if the directory itself can't be listed.
 */
export async function listFiles(directory: string): Promise<Listing> {
  const listing: Listing = { files: [], folders: [], unreadable: [] };
  async function add(entry: Dirent, path: string, places: readonly string[]): Promise<void> {
    const kind = await kindOf(entry, join(directory, path));
    if (kind.isDirectory()) await walk(path, places);
    else if (kind.isFile()) listing.files.push(path);
    // A pipe may never end.
    else throw fileError('open', join(directory, path), { message: 'it is neither a file nor a directory' });
  }
  async function walk(relative: string, above: readonly string[]): Promise<void> {
    const path = join(directory, relative);
    let entries: Dirent[];
    let place: string;
    try {
      place = await fs.realpath(path);
      if (above.includes(place)) return;
      if (relative) listing.folders.push(relative);
      entries = await fs.readdir(path, { withFileTypes: true });
    } catch (cause) {
      throw fileError('list', path, cause);
    }
    for (const entry of entries) {
      const child = relative ? `${relative}/${entry.name}` : entry.name;
      await add(entry, child, [...above, place]).catch((error: Error) =>
        listing.unreadable.push({ path: child, message: error.message }),
      );
    }
  }
  await walk('', []);
  return listing;
}
