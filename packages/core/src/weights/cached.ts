import { CnnzooError } from '../errors.js';
import { warn } from '../warn.js';
import type { Obtainable } from './candidates.js';
import { openChecked } from './checked.js';
import { expectedDigits } from './expected-hash.js';
import type { CacheRecord, Store } from './store.js';
import type { TensorFile } from './tensors.js';

/** An opened checkpoint whose bytes were checked. */
export interface ObtainedWeights {
  readonly file: TensorFile;
  /** The cached file, or the URL it was fetched from. */
  readonly from: string;
  /** Whether someone vouched for the hash: the publisher, the hub, the mirror's index. */
  readonly verified: boolean;
  /** Of the file as it is published. */
  readonly sha256: string;
}

/** The last part of a URL's path. */
export const fileNameOf = (url: string): string => /([^/]*)\/*$/.exec(url.replace(/[?#].*$/, ''))?.[1] ?? '';

export function warnUnverified({ model, name }: Obtainable, url: string, sha256: string): void {
  warn(
    `the weights '${name}' of '${model}' come from ${url}, which gives no hash to check them by: they are unverified ` +
      `(sha256 ${sha256}).`,
  );
}

/** Opens what is kept of an entry, checked by its hash; undefined where nothing is, or where it is damaged. */
export async function fromCache(store: Store, entry: Obtainable): Promise<ObtainedWeights | undefined> {
  const record = await store.find(entry.model, entry.name);
  const usable = record && isOf(entry, record) ? record : undefined;
  return (usable && (await openKept(store, entry, usable))) ?? (await adopt(store, entry, usable?.file));
}

/** Whether a kept file is one of the entry's as the registry knows it today. */
function isOf(entry: Obtainable, { source, sha256, fetched = sha256 }: CacheRecord): boolean {
  const same = entry.sources.find(({ url }) => url === source);
  return fetched.startsWith((same && expectedDigits(same)) ?? '');
}

async function openKept(store: Store, entry: Obtainable, record: CacheRecord): Promise<ObtainedWeights | undefined> {
  const source = await store.open(entry.model, record.file);
  if (!source) return undefined;
  try {
    const { verified, sha256, fetched = sha256 } = record;
    // A copy in tfjs' layout holds the state dict alone.
    const { file } = await openChecked(source, sha256, record.fetched === undefined ? entry.key : undefined);
    if (!verified) warnUnverified(entry, record.source, fetched);
    return { file, from: source.name, verified, sha256: fetched };
  } catch (error) {
    if (!(error instanceof CnnzooError && error.code === 'HASH')) throw error;
    warn(`the cached file is damaged and is fetched again: ${error.message}`);
    return undefined;
  }
}

/** Takes the publisher's file where a person put it into the cache by hand, under its own name. */
async function adopt(store: Store, entry: Obtainable, tried: string | undefined): Promise<ObtainedWeights | undefined> {
  for (const published of entry.sources) {
    const digits = expectedDigits(published);
    const name = fileNameOf(published.url);
    const source = digits && name && name !== tried ? await store.open(entry.model, name) : undefined;
    if (!source) continue;
    try {
      const { file, sha256 } = await openChecked(source, digits, entry.key);
      const record = recordOf(entry, name, source.size, sha256, published.url, true);
      // A cache that can't be written to is still one to read from.
      await store.note(record).catch(() => undefined);
      return { file, from: source.name, verified: true, sha256 };
    } catch (error) {
      if (!(error instanceof CnnzooError && error.code === 'HASH')) throw error;
      warn(`a file in the cache is not used: ${error.message}`);
    }
  }
  return undefined;
}

export const recordOf = (
  { model, name }: Obtainable,
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
