export { cacheDirectory, clearCache, listCache, verifyCache } from './cache-api.js';
export type { CacheEntry, CacheFilter, CacheOptions, CheckedCacheEntry } from './cache-entry.js';
export type { PackageSource, PublishedSource, Source } from './downloaded.js';
export { MIRROR_INDEX, type MirrorFile, type MirrorIndex, mirrorPath } from './mirror-layout.js';
