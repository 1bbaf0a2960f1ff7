import type { SkippedFile } from '../platform/index.js';

// Types of the public calls on the cache, which load their module when they are called.

/** Weights that the cache keeps. */
export interface CacheEntry {
  /** Name of the model, e.g. 'resnet18'. */
  readonly model: string;
  /** Name of the entry, e.g. 'IMAGENET1K_V1'. */
  readonly weights: string;
  /** Path of the file. */
  readonly path: string;
  /** Size of the file at `path`. */
  readonly bytes: number;
  /** sha256 of the file at `path`. */
  readonly sha256: string;
  /** sha256 of the downloaded file: another one if a transposed copy of it is kept, which loads sooner. */
  readonly fetched: string;
  /** Address that the file was downloaded from. */
  readonly source: string;
  /** True if the source vouched for the hash. */
  readonly verified: boolean;
}

/** Weights of the cache, and the result of hashing them. */
export interface CheckedCacheEntry extends CacheEntry {
  /** True if the file has the hash that it was kept with. */
  readonly ok: boolean;
  /** Reason why the file is not ok. Undefined if it is. */
  readonly reason?: string;
}

/** Options of the calls on the cache. */
export interface CacheOptions {
  /** Called for each file that is left alone: no file of the cache, or one in use. Default: a warning. */
  readonly onSkipped?: (file: SkippedFile) => void;
}

/** Selects weights of the cache. Default: all. */
export interface CacheFilter {
  /** Name of the model, e.g. 'resnet18'. Default: any. */
  readonly model?: string | undefined;
  /** Name of the entry, e.g. 'IMAGENET1K_V1'. Default: any. */
  readonly weights?: string | undefined;
}
