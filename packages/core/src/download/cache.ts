import { hashSource, openStore } from '#platform';
import type { CacheRecord, SkippedFile, Store } from '../platform/index.js';
import { CnnzooError, checkOptions, warn } from '../util/index.js';
import type { CacheEntry, CacheFilter, CacheOptions, CheckedCacheEntry } from './cache-entry.js';

const entryOf = (store: Store, record: CacheRecord): CacheEntry => {
  const { model, weights, file, bytes, sha256, fetched = sha256, source, verified } = record;
  return { model, weights, path: store.pathOf(model, file), bytes, sha256, fetched, source, verified };
};

const warnOfSkipped = ({ path, reason }: SkippedFile): void => warn(`'${path}' is left alone: ${reason}.`);

/** Reports the files that were skipped. */
function tell(where: string, skipped: readonly SkippedFile[], options: CacheOptions | undefined): void {
  checkOptions(where, options, ['onSkipped']);
  for (const file of skipped) (options?.onSkipped ?? warnOfSkipped)(file);
}

/** Lists the weights that the cache keeps. */
export async function list(options: CacheOptions | undefined): Promise<CacheEntry[]> {
  const store = await openStore();
  const { records, skipped } = await store.list();
  tell('listCache', skipped, options);
  return records.map((record) => entryOf(store, record));
}

/** Hashes all weights that the cache keeps, and compares. */
export async function verifyAll(options: CacheOptions | undefined): Promise<CheckedCacheEntry[]> {
  const store = await openStore();
  const { records, skipped } = await store.list();
  tell('verifyCache', skipped, options);
  const checked: CheckedCacheEntry[] = [];
  for (const record of records) {
    const reason = await faultOf(store, record);
    checked.push({ ...entryOf(store, record), ok: reason === undefined, ...(reason !== undefined && { reason }) });
  }
  return checked;
}

/** Reason why a kept file is not ok; undefined if it is. */
async function faultOf(store: Store, { model, file, sha256 }: CacheRecord): Promise<string | undefined> {
  try {
    const source = await store.open(model, file);
    if (!source) return 'the file is missing';
    try {
      const received = await hashSource(source);
      return received === sha256 ? undefined : `expected sha256 ${sha256}, received ${received}`;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof CnnzooError)) throw error;
    return error.message;
  }
}

/** Removes the weights that fit the filter; resolves to those that are gone. */
export async function clear(filter: CacheFilter, options: CacheOptions | undefined): Promise<CacheEntry[]> {
  // A misspelled filter would clear all.
  checkOptions('clearCache', filter, ['model', 'weights']);
  checkOptions('clearCache', options, ['onSkipped']);
  for (const [name, value] of Object.entries(filter))
    if (value !== undefined && typeof value !== 'string')
      throw new CnnzooError('INPUT', `clearCache: expected the name of ${name}, received ${String(value)}.`);
  const { model, weights } = filter;
  const store = await openStore();
  const { records, skipped } = await store.clear(
    (ofModel, ofWeights) => (model ?? ofModel) === ofModel && (weights ?? ofWeights) === ofWeights,
  );
  tell('clearCache', skipped, options);
  return records.map((record) => entryOf(store, record));
}
