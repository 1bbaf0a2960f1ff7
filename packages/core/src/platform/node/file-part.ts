import { type FileHandle, open, rm, stat, writeFile } from 'node:fs/promises';
import type { ByteSource } from '../../weights/read-buffer.js';
import type { Part, PartOrigin } from '../../weights/store.js';
import { smallText } from './cache-files.js';
import { cacheError } from './file-errors.js';
import { openPath } from './files.js';

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
      const { parseOrigin } = await import('../../weights/cache-record.js');
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
