import { type FileHandle, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { CnnzooError } from '../../util/index.js';
import { abortedError, type ByteSource } from '../../util/late.js';
import type { CacheRecord, Part, PartOrigin, Records, Store } from '../store.js';
import {
  cacheError,
  codeOf,
  type EntryPlace,
  filesOf,
  findPlaces,
  findRecords,
  lockedWith,
  safeName,
  smallText,
  TURNED,
} from './cache-files.js';
import { makeDirectory, openPath, pathOf, writeFileAtomic } from './files.js';

const originPath = (path: string): string => `${path}-origin`;

const removePart = async (path: string): Promise<void> => {
  await Promise.all([rm(path, { force: true }), rm(originPath(path), { force: true })]);
};

/** Partial download on disk: the bytes, and a file beside them that says whose bytes they are. */
class FilePart implements Part {
  private handle: FileHandle | undefined;

  private constructor(
    readonly path: string,
    public size: number,
    public origin: PartOrigin | undefined,
  ) {}

  /** Finds the partial download that an earlier process left. Without one, returns an empty one. */
  static async at(path: string): Promise<FilePart> {
    try {
      const [part, text] = await Promise.all([stat(path), smallText(originPath(path), true)]);
      const { parseOrigin } = await import('../store-record.js');
      const origin = text === undefined ? undefined : parseOrigin(text);
      if (origin && part.isFile()) return new FilePart(path, part.size, origin);
    } catch {
      // There is no partial download.
    }
    // Bytes of unknown origin are discarded by the first `restart`.
    return new FilePart(path, 0, undefined);
  }

  async restart(origin: PartOrigin): Promise<void> {
    await this.writing(async () => {
      await this.close();
      await writeFile(originPath(this.path), JSON.stringify(origin));
      this.handle = await open(this.path, 'w');
      this.size = 0;
      this.origin = origin;
    });
  }

  /** Writes down which files are left if the process dies while it moves the bytes to their final place. */
  async announce(files: readonly string[]): Promise<void> {
    const { origin } = this;
    if (origin) await this.writing(() => writeFile(originPath(this.path), JSON.stringify({ ...origin, files })));
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.writing(async () => {
      this.handle ??= await open(this.path, 'a');
      // `writeFile` on a handle continues at its position, and writes all bytes.
      await this.handle.writeFile(chunk);
      this.size += chunk.byteLength;
    });
  }

  async read(): Promise<ByteSource> {
    await this.writing(async () => {
      await this.handle?.sync();
      await this.close();
    });
    return openPath(this.path);
  }

  async suspend(): Promise<void> {
    if (this.size === 0 || !this.origin?.validator) return this.discard();
    await this.close();
  }

  async discard(): Promise<void> {
    await this.close();
    await removePart(this.path);
    this.size = 0;
    this.origin = undefined;
  }

  private async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
  }

  /** Runs `work`, and removes the partial download if the disk refuses. */
  private async writing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      await this.discard().catch(() => undefined);
      throw cacheError(this.path, cause);
    }
  }
}

/** Milliseconds after which a lock that its process no longer renews, because it was killed, is void. */
const STALE_LOCK = 10_000;
/** Milliseconds between attempts to take a lock. */
const LOCK_POLL = 100;

const noDirectory = (received: string, cause?: unknown): CnnzooError =>
  new CnnzooError(
    'FILE',
    `There is no place for the cache: expected a home directory, received ${received}. Set CNNZOO_CACHE to a directory ` +
      'that can be written to.',
    { cause },
  );

/**
 * Returns the directory that weights are kept in: `CNNZOO_CACHE`, else the operating system's directory for caches.
 *
 * @throws CnnzooError FILE if neither exists, for want of a home directory.
 */
export async function cacheDirectory(): Promise<string> {
  if (process.env.CNNZOO_CACHE) return resolve(pathOf(process.env.CNNZOO_CACHE));
  let path: string;
  try {
    const { default: envPaths } = await import('env-paths');
    path = envPaths('cnnzoo', { suffix: '' }).cache;
  } catch (cause) {
    // The user is missing in the system's list, as in a container, and HOME is not set.
    throw noDirectory('none', cause);
  }
  if (!isAbsolute(path)) throw noDirectory(`one that leads to '${path}'`);
  return path;
}

export const openStore = async (): Promise<Store> => new FileStore(await cacheDirectory());

/** Cache in a directory: one subdirectory per model, with the kept files, and beside each its record `<NAME>.json`. */
class FileStore implements Store {
  readonly turns = true;

  constructor(readonly location: string) {}

  pathOf(model: string, file: string): string {
    return join(this.location, safeName(model), file);
  }

  async find(model: string, weights: string): Promise<CacheRecord | undefined> {
    const path = this.recordPath(model, weights);
    try {
      const text = await smallText(path, true);
      if (text === undefined) return undefined;
      const record = (await import('../store-record.js')).parseRecord(text);
      return record?.model === model && record.weights === weights ? record : undefined;
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return undefined;
      throw cacheError(path, cause);
    }
  }

  list(): Promise<Records> {
    return findRecords(this.location);
  }

  async open(model: string, file: string): Promise<ByteSource | undefined> {
    const path = this.pathOf(model, file);
    try {
      return await openPath(path);
    } catch (error) {
      if (codeOf((error as Error).cause) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async exclusively<T>(
    model: string,
    weights: string,
    signal: AbortSignal | undefined,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const path = this.entryPath(model, weights);
    await makeDirectory(join(this.location, safeName(model))).catch((cause: unknown) => {
      throw cacheError(this.location, cause);
    });
    const lost = new AbortController();
    let release: (() => Promise<void>) | undefined;
    while (!release) {
      if (signal?.aborted) throw abortedError(signal);
      release = await tryLock(path, lost);
      if (!release) await new Promise((done) => setTimeout(done, LOCK_POLL));
    }
    try {
      return await work(lost.signal);
    } finally {
      // Releasing a lost lock fails, since another process holds it.
      await release().catch(() => undefined);
    }
  }

  part(model: string, weights: string): Promise<Part> {
    return FilePart.at(`${this.entryPath(model, weights)}.part`);
  }

  async keep(part: Part, record: CacheRecord): Promise<void> {
    if (!(part instanceof FilePart)) throw new CnnzooError('INPUT', 'keep: expected a part of this store.');
    const { model, weights, file } = record;
    const before = await this.find(model, weights);
    const replaced = before && before.file !== file ? before.file : undefined;
    await part.announce(replaced === undefined ? [file] : [file, replaced]);
    try {
      await rename(part.path, this.pathOf(model, file));
    } catch (cause) {
      throw cacheError(part.path, cause);
    }
    try {
      await this.note(record);
    } catch (error) {
      // A file without a record can't be found again, and may be what fills the disk.
      if (!before || replaced) await rm(this.pathOf(model, file), { force: true });
      throw error;
    }
    if (replaced) await rm(this.pathOf(model, replaced), { force: true });
    await removePart(part.path);
  }

  async note(record: CacheRecord): Promise<void> {
    const path = this.recordPath(record.model, record.weights);
    try {
      await writeFileAtomic(path, [new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`)]);
    } catch (cause) {
      throw cacheError(path, cause);
    }
  }

  async clear(fits: (model: string, weights: string) => boolean): Promise<Records> {
    const { places, skipped } = await findPlaces(this.location);
    const records: CacheRecord[] = [];
    let failed: CnnzooError | undefined;
    for (const place of places) {
      const { model, weights, path } = place;
      const ofEntry = weights.endsWith(TURNED) ? weights.slice(0, -TURNED.length) : weights;
      if (!fits(model, weights) && !fits(model, ofEntry)) continue;
      // No lock is taken if there is no file of cnnzoo.
      if ((await filesOf(place, skipped)).paths.length === 0) continue;
      try {
        const cleared = await ifFree(lockedWith(place), () => this.removeEntry(place));
        if (cleared === 'busy') skipped.push({ path, reason: 'a process is working on it, or was seconds ago' });
        else if (cleared) records.push(cleared);
      } catch (error) {
        if (!(error instanceof CnnzooError)) throw error;
        failed ??= error;
        skipped.push({ path, reason: error.message });
      }
    }
    // Usually one cause keeps all files from being removed, so the first error tells it.
    if (failed && records.length === 0) throw failed;
    return { records, skipped };
  }

  private async removeEntry(place: EntryPlace): Promise<CacheRecord | undefined> {
    const { record, paths } = await filesOf(place, []);
    try {
      for (const path of paths) await rm(path, { force: true });
    } catch (cause) {
      throw cacheError(this.location, cause);
    }
    return record;
  }

  private entryPath(model: string, weights: string): string {
    return join(this.location, safeName(model), safeName(weights));
  }

  private recordPath(model: string, weights: string): string {
    return `${this.entryPath(model, weights)}.json`;
  }
}

/**
 * Takes the lock of an entry. Returns the function that releases it, or undefined if another process holds the lock.
 * `lost` is aborted if the lock is lost later.
 */
async function tryLock(path: string, lost = new AbortController()): Promise<(() => Promise<void>) | undefined> {
  const { default: lockfile } = await import('proper-lockfile');
  try {
    return await lockfile.lock(path, {
      realpath: false,
      stale: STALE_LOCK,
      onCompromised: (cause) =>
        lost.abort(
          new CnnzooError('FILE', `Another process took over the download to '${path}'. Try again.`, { cause }),
        ),
    });
  } catch (cause) {
    if (codeOf(cause) === 'ELOCKED') return undefined;
    throw cacheError(path, cause);
  }
}

/** Runs `work` while all the locks are held. Returns 'busy' if another process holds one. */
async function ifFree<T>(paths: readonly string[], work: () => Promise<T>): Promise<T | 'busy'> {
  const [path, ...others] = paths;
  if (path === undefined) return work();
  const release = await tryLock(path);
  if (!release) return 'busy';
  try {
    return await ifFree(others, work);
  } finally {
    // Releasing a lost lock fails, since another process holds it.
    await release().catch(() => undefined);
  }
}
