import type { ByteSource } from './tensors.js';

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

export const isCacheRecord = (value: unknown): value is CacheRecord => {
  const record = value as Partial<Record<keyof CacheRecord, unknown>> | null;
  return (
    typeof record === 'object' &&
    record?.format === 1 &&
    (['model', 'weights', 'file', 'sha256', 'source'] as const).every((key) => typeof record[key] === 'string') &&
    // Not a path that leads elsewhere: the file may be deleted by this name.
    /^[^/\\]*[^/\\.][^/\\]*$/.test(String(record.file)) &&
    typeof record.bytes === 'number' &&
    (record.fetched === undefined || typeof record.fetched === 'string') &&
    typeof record.verified === 'boolean'
  );
};

/** Which bytes a part holds: those of another file must not be appended to it. */
export interface PartOrigin {
  readonly url: string;
  /** A strong ETag or a Last-Modified date; null where the server gives neither, so that nothing can be resumed. */
  readonly validator: string | null;
  /** Size of the whole file, where the server says it. */
  readonly total: number | null;
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
  list(): Promise<CacheRecord[]>;
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
  remove(record: CacheRecord): Promise<void>;
  /** Removes what broken downloads left. */
  sweep(): Promise<void>;
}
