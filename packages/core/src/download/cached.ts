import type { CacheRecord, Store } from '../platform/index.js';
import { CnnzooError, warn } from '../util/index.js';
import type { Downloadable, Downloaded } from './downloaded.js';
import { expectedDigits, fileNameOf, verify } from './verify.js';

/** Warns of weights that have no published hash. */
export function warnUnverified({ model, name }: Downloadable, url: string, sha256: string): void {
  warn(
    `the weights '${name}' of '${model}' come from ${url}, which gives no hash to check them by: they are unverified ` +
      `(sha256 ${sha256}).`,
  );
}

/** Opens an entry's cached file and verifies its hash. undefined if it is missing or damaged. */
export async function fromCache(store: Store, entry: Downloadable): Promise<Downloaded | undefined> {
  const record = await store.find(entry.model, entry.name);
  const usable = record && isOf(entry, record) ? record : undefined;
  return (usable && (await openKept(store, entry, usable))) ?? (await adopt(store, entry, usable?.file));
}

/** Returns true if a cached file is the one that the registry lists for the entry today. */
function isOf(entry: Downloadable, { source, sha256, fetched = sha256 }: CacheRecord): boolean {
  const same = entry.sources.find(({ url }) => url === source);
  return fetched.startsWith((same && expectedDigits(same)) ?? '');
}

async function openKept(store: Store, entry: Downloadable, record: CacheRecord): Promise<Downloaded | undefined> {
  const bytes = await store.open(entry.model, record.file);
  if (!bytes) return undefined;
  const { verified, sha256, fetched = sha256 } = record;
  try {
    await verify(bytes, sha256);
  } catch (error) {
    if (!(error instanceof CnnzooError && error.code === 'HASH')) throw error;
    warn(`the cached file is damaged and is fetched again: ${error.message}`);
    return undefined;
  }
  if (!verified) warnUnverified(entry, record.source, fetched);
  // A transposed copy holds the state dict alone.
  const key = record.fetched === undefined ? entry.key : undefined;
  return { bytes, intact: true, key, from: bytes.name, verified, sha256: fetched };
}

/** Takes the publisher's file that a person put into the cache, under its own name. */
async function adopt(store: Store, entry: Downloadable, tried: string | undefined): Promise<Downloaded | undefined> {
  for (const published of entry.sources) {
    const digits = expectedDigits(published);
    const name = fileNameOf(published.url);
    const bytes = digits && name && name !== tried ? await store.open(entry.model, name) : undefined;
    if (!bytes) continue;
    try {
      const sha256 = await verify(bytes, digits);
      const record = recordOf(entry, name, bytes.size, sha256, published.url, true);
      // A cache that can't be written to is still one to read from.
      await store.note(record).catch(() => undefined);
      return { bytes, intact: true, key: entry.key, from: bytes.name, verified: true, sha256 };
    } catch (error) {
      if (!(error instanceof CnnzooError && error.code === 'HASH')) throw error;
      warn(`a file in the cache is not used: ${error.message}`);
    }
  }
  return undefined;
}

/** Makes the cache's record of a downloaded file. */
export const recordOf = (
  { model, name }: Downloadable,
  file: string,
  bytes: number,
  sha256: string,
  source: string,
  verified: boolean,
): CacheRecord => ({
  format: 1,
  model,
  weights: name,
  file,
  bytes,
  sha256,
  source,
  verified,
  when: new Date().toISOString(),
});
