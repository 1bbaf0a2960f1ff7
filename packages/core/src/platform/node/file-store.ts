import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { abortedError } from '../../download/aborted.js';
import { CnnzooError } from '../../errors.js';
import { type CacheRecord, isCacheRecord, type Part, type Store } from '../../weights/store.js';
import type { ByteSource } from '../../weights/tensors.js';
import { cacheError, codeOf } from './file-errors.js';
import { FilePart, removePart } from './file-part.js';
import { openPath, writeFileAtomic } from './files.js';
import { pathOf } from './paths.js';

/** Milliseconds after which the lock of a process that no longer renews it (it was killed) is void. */
const STALE_LOCK = 10_000;
const LOCK_POLL = 100;

/** The directory that weights are kept in: `CNNZOO_CACHE`, else the platform's place for caches. */
export async function cacheDirectory(): Promise<string> {
  if (process.env.CNNZOO_CACHE) return resolve(pathOf(process.env.CNNZOO_CACHE));
  const { default: envPaths } = await import('env-paths');
  return envPaths('cnnzoo', { suffix: '' }).cache;
}

export const openStore = async (): Promise<Store> => new FileStore(await cacheDirectory());

/** A name as one part of a path on every platform. */
const safe = (name: string): string =>
  encodeURIComponent(name).replace(/[*.~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

/** One directory a model: the kept files, beside each a `<NAME>.json` that says what it is. */
class FileStore implements Store {
  readonly turns = true;

  constructor(readonly location: string) {}

  pathOf(model: string, file: string): string {
    return join(this.location, safe(model), file);
  }

  async find(model: string, weights: string): Promise<CacheRecord | undefined> {
    const path = this.recordPath(model, weights);
    try {
      const record: unknown = JSON.parse(await readFile(path, 'utf8'));
      return isCacheRecord(record) ? record : undefined;
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT' || cause instanceof SyntaxError) return undefined;
      throw cacheError(path, cause);
    }
  }

  async list(): Promise<CacheRecord[]> {
    const records: CacheRecord[] = [];
    for (const path of await this.files('.json')) {
      const record: unknown = JSON.parse(await readFile(path, 'utf8').catch(() => 'null'));
      if (isCacheRecord(record)) records.push(record);
    }
    return records;
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
    await mkdir(join(this.location, safe(model)), { recursive: true }).catch((cause: unknown) => {
      throw cacheError(this.location, cause);
    });
    const { default: lockfile } = await import('proper-lockfile');
    const lost = new AbortController();
    let release: (() => Promise<void>) | undefined;
    while (!release) {
      if (signal?.aborted) throw abortedError(signal);
      try {
        release = await lockfile.lock(path, {
          realpath: false,
          stale: STALE_LOCK,
          onCompromised: (cause) =>
            lost.abort(
              new CnnzooError('FILE', `Another process took over the download to '${path}'. Try again.`, { cause }),
            ),
        });
      } catch (cause) {
        if (codeOf(cause) !== 'ELOCKED') throw cacheError(path, cause);
        await new Promise((done) => setTimeout(done, LOCK_POLL));
      }
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
    const { model, weights, file } = record;
    const before = await this.find(model, weights);
    try {
      await rename(part.path, this.pathOf(model, file));
    } catch (cause) {
      throw cacheError(part.path, cause);
    }
    const replaced = before && before.file !== file ? before.file : undefined;
    try {
      await this.note(record);
    } catch (error) {
      // A file without a note is as good as none, and may be what fills the disk.
      if (!before || replaced) await rm(this.pathOf(model, file), { force: true });
      throw error;
    }
    await removePart(part.path);
    if (replaced) await rm(this.pathOf(model, replaced), { force: true });
  }

  async note(record: CacheRecord): Promise<void> {
    const path = this.recordPath(record.model, record.weights);
    try {
      await writeFileAtomic(path, [new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`)]);
    } catch (cause) {
      throw cacheError(path, cause);
    }
  }

  async remove({ model, weights, file }: CacheRecord): Promise<void> {
    try {
      // The note first: a file without one is as good as gone.
      await rm(this.recordPath(model, weights), { force: true });
      await rm(this.pathOf(model, file), { force: true });
      await removePart(`${this.entryPath(model, weights)}.part`);
    } catch (cause) {
      throw cacheError(this.location, cause);
    }
  }

  async sweep(): Promise<void> {
    const { default: lockfile } = await import('proper-lockfile');
    for (const path of await this.files('.part')) {
      const busy = await lockfile.check(path.slice(0, -'.part'.length), { realpath: false, stale: STALE_LOCK });
      if (!busy) await removePart(path);
    }
  }

  private entryPath(model: string, weights: string): string {
    return join(this.location, safe(model), safe(weights));
  }

  private recordPath(model: string, weights: string): string {
    return `${this.entryPath(model, weights)}.json`;
  }

  /** Paths of the files that end so, one level down. */
  private async files(ending: string): Promise<string[]> {
    try {
      const paths = await readdir(this.location, { recursive: true });
      return paths
        .filter((path) => path.endsWith(ending))
        .map((path) => join(this.location, path))
        .sort();
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return [];
      throw cacheError(this.location, cause);
    }
  }
}
