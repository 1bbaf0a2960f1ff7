import type { SkippedFile } from '#platform';

// Loaded by the calls, not with the module: a page that builds a net needs no cache.
const cache = () => import('./cached.js');

/**
 * The place where weights are kept: `CNNZOO_CACHE`, else the platform's directory for caches; in a page, the browser's
 * own, in words.
 * @throws CnnzooError FILE if there is no home directory and `CNNZOO_CACHE` is not set.
 */
export const cacheDirectory = async (): Promise<string> => (await import('#platform')).cacheDirectory();

/** Weights that are kept for the next start. */
export interface CacheEntry {
  readonly model: string;
  readonly weights: string;
  readonly path: string;
  readonly bytes: number;
  /** Hash of the file at `path`. */
  readonly sha256: string;
  /** Hash of the file as it was fetched: another one if a copy is kept that loads sooner. */
  readonly fetched: string;
  /** Address that the file came from. */
  readonly source: string;
  /** True if the source vouched for the hash. */
  readonly verified: boolean;
}

export interface CheckedCacheEntry extends CacheEntry {
  readonly ok: boolean;
  /** Reason why the file is not ok. */
  readonly reason?: string;
}

export interface CacheOptions {
  /** Called for each file that is left alone: it is no file of the cache, or in use. Default: a warning. */
  readonly onSkipped?: (file: SkippedFile) => void;
}

export interface CacheFilter {
  readonly model?: string | undefined;
  readonly weights?: string | undefined;
}

/** Lists the weights that the cache holds. */
export const listCache = async (options?: CacheOptions): Promise<CacheEntry[]> => (await cache()).list(options);

/** Hashes all weights that the cache holds, and compares. Changes nothing. */
export const verifyCache = async (options?: CacheOptions): Promise<CheckedCacheEntry[]> =>
  (await cache()).verify(options);

/**
 * Removes the weights that fit the filter (all without one), and what broken downloads of them left; resolves to the
 * weights that are gone. Removes nothing that cnnzoo did not write, and nothing that a process is working on.
 */
export const clearCache = async (filter: CacheFilter = {}, options?: CacheOptions): Promise<CacheEntry[]> =>
  (await cache()).clear(filter, options);
