import type { CacheRecord, Store } from './store.js';

// Loaded by the calls, not with the module: a page that builds a net needs no cache.
const platform = () => import('#platform');

/** Where weights are kept: `CNNZOO_CACHE`, else the platform's place for caches; in a page, the browser's own. */
export const cacheDirectory = async (): Promise<string> => (await platform()).cacheDirectory();

/** Weights that are kept for the next start. */
export interface CacheEntry {
  readonly model: string;
  readonly weights: string;
  readonly path: string;
  readonly bytes: number;
  /** Of the file at `path`. */
  readonly sha256: string;
  /** Of the file as it was fetched: another one where a copy is kept that loads sooner. */
  readonly fetched: string;
  /** Where it came from. */
  readonly source: string;
  /** Whether its source vouched for its hash. */
  readonly verified: boolean;
}

export interface CheckedCacheEntry extends CacheEntry {
  readonly ok: boolean;
  /** What is wrong with it. */
  readonly reason?: string;
}

const entryOf = (store: Store, record: CacheRecord): CacheEntry => {
  const { model, weights, file, bytes, sha256, fetched = sha256, source, verified } = record;
  return { model, weights, path: store.pathOf(model, file), bytes, sha256, fetched, source, verified };
};

/** All that the cache holds. */
export async function listCache(): Promise<CacheEntry[]> {
  const store = await (await platform()).openStore();
  return (await store.list()).map((record) => entryOf(store, record));
}

/** Hashes all that the cache holds, and compares. Changes nothing. */
export async function verifyCache(): Promise<CheckedCacheEntry[]> {
  const store = await (await platform()).openStore();
  const checked: CheckedCacheEntry[] = [];
  for (const record of await store.list()) {
    const reason = await faultOf(store, record);
    checked.push({ ...entryOf(store, record), ok: reason === undefined, ...(reason !== undefined && { reason }) });
  }
  return checked;
}

async function faultOf(store: Store, { model, file, sha256 }: CacheRecord): Promise<string | undefined> {
  const source = await store.open(model, file);
  if (!source) return 'the file is missing';
  try {
    const received = await (await platform()).hashSource(source);
    return received === sha256 ? undefined : `expected sha256 ${sha256}, received ${received}`;
  } finally {
    await source.close();
  }
}

/** Removes what fits the filter (everything without one, and what broken downloads left); resolves to what is gone. */
export async function clearCache(filter: { model?: string; weights?: string } = {}): Promise<CacheEntry[]> {
  const store = await (await platform()).openStore();
  const { model, weights } = filter;
  const removed: CacheEntry[] = [];
  for (const record of await store.list()) {
    if ((model !== undefined && model !== record.model) || (weights !== undefined && weights !== record.weights))
      continue;
    await store.remove(record);
    removed.push(entryOf(store, record));
  }
  if (model === undefined && weights === undefined) await store.sweep();
  return removed;
}
