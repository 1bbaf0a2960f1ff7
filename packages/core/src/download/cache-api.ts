import type { CacheEntry, CacheFilter, CacheOptions, CheckedCacheEntry } from './cache-entry.js';

// The cache stays out of what a page loads to build a net.
const cache = () => import('./cache.js');

/**
 * Returns the place where weights are kept: `CNNZOO_CACHE`, else the platform's directory for caches; in a page, a
 * description of the browser's own.
 *
 * @throws CnnzooError FILE if there is no home directory and `CNNZOO_CACHE` is not set.
 *
 * @example
 * ```ts
 * import { cacheDirectory } from '@cnnzoo/core';
 *
 * console.log(await cacheDirectory());
 * ```
 */
export const cacheDirectory = async (): Promise<string> => (await import('../platform/late.js')).cacheDirectory();

/**
 * Lists the weights that the cache keeps.
 *
 * @throws CnnzooError FILE if the cache can't be read.
 *
 * @example
 * ```ts
 * import { listCache } from '@cnnzoo/core';
 *
 * for (const { model, weights, bytes } of await listCache()) console.log(model, weights, bytes);
 * ```
 */
export const listCache = async (options?: CacheOptions): Promise<CacheEntry[]> => (await cache()).list(options);

/**
 * Hashes all weights that the cache keeps, and compares. Changes nothing.
 *
 * @returns every entry, with `ok` and the reason if it is not.
 * @throws CnnzooError FILE if the cache can't be read.
 *
 * @example
 * ```ts
 * import { verifyCache } from '@cnnzoo/core';
 *
 * for (const { path, ok, reason } of await verifyCache()) if (!ok) console.log(path, reason);
 * ```
 */
export const verifyCache = async (options?: CacheOptions): Promise<CheckedCacheEntry[]> =>
  (await cache()).verifyAll(options);

/**
 * Removes weights from the cache, and what broken downloads of them left. Files that cnnzoo did not write, or that a
 * process is working on, stay.
 *
 * @param filter model and weights. Default: all.
 * @returns the weights that are gone.
 * @throws CnnzooError INPUT for an unknown filter; FILE if the cache can't be written.
 *
 * @example
 * ```ts
 * import { clearCache } from '@cnnzoo/core';
 *
 * await clearCache({ model: 'resnet18' });
 * ```
 */
export const clearCache = async (filter: CacheFilter = {}, options?: CacheOptions): Promise<CacheEntry[]> =>
  (await cache()).clear(filter, options);
