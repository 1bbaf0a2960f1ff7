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

export const removePart = async (path: string): Promise<void> => {
  await Promise.all([rm(path, { force: true }), rm(originPath(path), { force: true })]);
};

/** A download on disk: the bytes, and beside them a note of whose bytes they are. */
export class FilePart implements Part {
  private handle: FileHandle | undefined;

  private constructor(
    readonly path: string,
    public size: number,
    public origin: PartOrigin | undefined,
  ) {}

  /** Finds what an earlier process left. */
  static async at(path: string): Promise<FilePart> {
    try {
      const [part, text] = await Promise.all([stat(path), smallText(originPath(path), true)]);
      const { parseOrigin } = await import('../store-record.js');
      const origin = text === undefined ? undefined : parseOrigin(text);
      if (origin && part.isFile()) return new FilePart(path, part.size, origin);
    } catch {
      // Nothing there.
    }
    // Nothing that says what it is: begun anew by the first `restart`.
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

  /** Notes the files that are left if the process dies while it puts the part in its place. */
  async announce(files: readonly string[]): Promise<void> {
    const { origin } = this;
    if (origin) await this.writing(() => writeFile(originPath(this.path), JSON.stringify({ ...origin, files })));
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.writing(async () => {
      this.handle ??= await open(this.path, 'a');
      // `writeFile` on a handle goes on at its position, and writes all.
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

  /** Where the disk refuses, nothing is left on it. */
  private async writing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      await this.discard().catch(() => undefined);
      throw cacheError(this.path, cause);
    }
  }
}

/** Milliseconds after which the lock of a process that no longer renews it (it was killed) is void. */
const STALE_LOCK = 10_000;
const LOCK_POLL = 100;

const noDirectory = (received: string, cause?: unknown): CnnzooError =>
  new CnnzooError(
    'FILE',
    `There is no place for the cache: expected a home directory, received ${received}. Set CNNZOO_CACHE to a directory ` +
      'that can be written to.',
    { cause },
  );

/** The directory that weights are kept in: `CNNZOO_CACHE`, else the platform's place for caches. */
export async function cacheDirectory(): Promise<string> {
  if (process.env.CNNZOO_CACHE) return resolve(pathOf(process.env.CNNZOO_CACHE));
  let path: string;
  try {
    const { default: envPaths } = await import('env-paths');
    path = envPaths('cnnzoo', { suffix: '' }).cache;
  } catch (cause) {
    // A user without an entry in the system's list, as in a container, and no HOME.
    throw noDirectory('none', cause);
  }
  if (!isAbsolute(path)) throw noDirectory(`one that leads to '${path}'`);
  return path;
}

export const openStore = async (): Promise<Store> => new FileStore(await cacheDirectory());

/** One directory a model: the kept files, beside each a `<NAME>.json` that says what it is. */
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
      // A lock that was lost is no longer ours to release.
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
      // A file without a note is as good as none, and may be what fills the disk.
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
      // Where nothing is ours, no lock is taken either.
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
    // What keeps the first file from going keeps the others too, more often than not.
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

/** Takes the lock of an entry; undefined if another process holds it. `lost` aborts if it is lost later. */
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

/** Runs `work` under all the locks, unless another process holds one. */
async function ifFree<T>(paths: readonly string[], work: () => Promise<T>): Promise<T | 'busy'> {
  const [path, ...others] = paths;
  if (path === undefined) return work();
  const release = await tryLock(path);
  if (!release) return 'busy';
  try {
    return await ifFree(others, work);
  } finally {
    // A lock that was lost is no longer ours to release.
    await release().catch(() => undefined);
  }
}
