import type { ByteSource } from '../util/late.js';

/** Record of a kept file. It is stored beside the file. */
export interface CacheRecord {
  readonly format: 1;
  readonly model: string;
  /** Name of the weights' entry. For weights given by URL: the file's name and a digest of the URL. */
  readonly weights: string;
  /** Name of the kept file. */
  readonly file: string;
  /** Bytes of the kept file. */
  readonly bytes: number;
  /** sha256 of the kept file, in hexadecimal. */
  readonly sha256: string;
  /** Address that the file was downloaded from. */
  readonly source: string;
  /** true if the hash was known from elsewhere, not only computed from the file itself. */
  readonly verified: boolean;
  /** Time of the download, in ISO 8601. */
  readonly when: string;
  /** sha256 of the downloaded file, if the kept file is its transposed copy. */
  readonly fetched?: string;
}

/** Origin of a partial download. Bytes of another file must not be appended to it. */
export interface PartOrigin {
  readonly url: string;
  /** Strong ETag or Last-Modified date. null if the server states neither, so that the download can't be resumed. */
  readonly validator: string | null;
  /** Bytes of the whole file. null if the server does not state them. */
  readonly total: number | null;
  /** Names of the files that are left if the process dies while it moves the bytes to their final place. */
  readonly files?: readonly string[];
}

/** File in the cache's directory that is left alone, because it is no file of the cache or is in use. */
export interface SkippedFile {
  readonly path: string;
  /** Reason in words: 'it is no record of the cache'. */
  readonly reason: string;
}

/** Records of the cache, and the files that are none. */
export interface Records {
  readonly records: CacheRecord[];
  readonly skipped: SkippedFile[];
}

/** Partial download of a file. */
export interface Part {
  /** Place of the bytes, for messages. */
  readonly path: string;
  /** Bytes that are there. */
  readonly size: number;
  /** undefined if there are no bytes, or none of known origin. */
  readonly origin: PartOrigin | undefined;
  /** Removes all bytes, and sets the origin of those to come. */
  restart(origin: PartOrigin): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** Ends the writing, and returns the bytes. */
  read(): Promise<ByteSource>;
  /** Pauses the download. The bytes are kept if a later call can resume the download, otherwise removed. */
  suspend(): Promise<void>;
  discard(): Promise<void>;
}

/** Cache of downloaded weights: a directory in Node, the Cache API in a page. */
export interface Store {
  /** Place of the cache, for messages. */
  readonly location: string;
  /** true if the cache keeps transposed copies of checkpoints, because making one saves time later. */
  readonly turns: boolean;
  /** Returns the path or URL of a model's file, which need not exist. */
  pathOf(model: string, file: string): string;
  /** Returns the record of an entry. undefined if nothing is kept. */
  find(model: string, weights: string): Promise<CacheRecord | undefined>;
  list(): Promise<Records>;
  /** Opens a kept file. undefined if it is gone. */
  open(model: string, file: string): Promise<ByteSource | undefined>;
  /**
   * Runs `work` while no other call, in this process or another, works on the same entry. `lost` is aborted if that can
   * no longer be guaranteed.
   */
  exclusively<T>(
    model: string,
    weights: string,
    signal: AbortSignal | undefined,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** Returns the partial download of an entry, which may be empty. */
  part(model: string, weights: string): Promise<Part>;
  /**
   * Makes a complete download the entry's file, in one step. The previous file stays intact until then, and is removed
   * after.
   */
  keep(part: Part, record: CacheRecord): Promise<void>;
  /** Writes the record of a file that is already in its place. */
  note(record: CacheRecord): Promise<void>;
  /** Removes the entries that `fits` accepts, with their partial downloads. Returns the records that were removed. */
  clear(fits: (model: string, weights: string) => boolean): Promise<Records>;
}
