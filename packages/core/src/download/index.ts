export {
  type CacheEntry,
  type CacheFilter,
  type CacheOptions,
  type CheckedCacheEntry,
  cacheDirectory,
  clearCache,
  listCache,
  verifyCache,
} from './cache-api.js';
export { MIRROR_INDEX, type MirrorFile, type MirrorIndex, mirrorPath } from './mirror-layout.js';
