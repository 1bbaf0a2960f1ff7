import type { ByteSource } from '../util/late.js';

/** What the cache knows of a file it keeps, written beside it. */
export interface CacheRecord {
  readonly format: 1;
  readonly model: string;
  /** The entry's name; for weights given by URL, the file's name and a digest of the URL. */
  readonly weights: string;
  /** The kept file's name. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Where it came from. */
  readonly source: string;
  /** Whether someone other than the file itself vouched for the hash. */
  readonly verified: boolean;
  /** ISO 8601. */
  readonly when: string;
  /** The sha256 of the file that was fetched, where a turned copy of it is what is kept. */
  readonly fetched?: string;
}

/** Which bytes a part holds: those of another file must not be appended to it. */
export interface PartOrigin {
  readonly url: string;
  /** A strong ETag or a Last-Modified date; null where the server gives neither, so that nothing can be resumed. */
  readonly validator: string | null;
  /** Size of the whole file, if the server states it. */
  readonly total: number | null;
  /** Names of the files that a process leaves if it dies while it makes the part the entry's file. */
  readonly files?: readonly string[];
}

/** A file in the cache's place that is no file of the cache, or that is in use: it is left alone. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** Records, and what was found that is none. */
export interface Records {
  readonly records: CacheRecord[];
  readonly skipped: SkippedFile[];
}

/** A file that is being fetched. */
export interface Part {
  /** Where it lies, for messages. */
  readonly path: string;
  readonly size: number;
  readonly origin: PartOrigin | undefined;
  /** Empties it. */
  restart(origin: PartOrigin): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** What is there, for reading; writing is over. */
  read(): Promise<ByteSource>;
  /** Lets go of it; what is there stays where a later call can go on from it, else it is removed. */
  suspend(): Promise<void>;
  discard(): Promise<void>;
}

/** Where fetched weights are kept: a directory in Node, the Cache API in a browser. */
export interface Store {
  /** For messages. */
  readonly location: string;
  /** Whether a turned copy is worth what it costs to make here. */
  readonly turns: boolean;
  /** Where the file `file` of a model lies or would lie. */
  pathOf(model: string, file: string): string;
  find(model: string, weights: string): Promise<CacheRecord | undefined>;
  list(): Promise<Records>;
  /** A kept file's bytes; undefined where it is gone. */
  open(model: string, file: string): Promise<ByteSource | undefined>;
  /**
   * Runs `work` while nobody else, in this process or another, works on the same entry. `lost` aborts where the right
   * to it is lost on the way.
   */
  exclusively<T>(
    model: string,
    weights: string,
    signal: AbortSignal | undefined,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T>;
  part(model: string, weights: string): Promise<Part>;
  /** Makes the part the entry's file, in one step; what was kept before is intact until then, and gone after. */
  keep(part: Part, record: CacheRecord): Promise<void>;
  /** Notes a file that is already in place. */
  note(record: CacheRecord): Promise<void>;
  /** Removes the entries that `fits` accepts, and what broken downloads of them left; resolves to what is gone. */
  clear(fits: (model: string, weights: string) => boolean): Promise<Records>;
}
