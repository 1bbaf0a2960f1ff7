import { type CacheRecord, hashSource, openStore, type SkippedFile, type Store } from '#platform';
import type { TensorFile } from '../checkpoint/index.js';
import { openTensorSource } from '../checkpoint/late.js';
import { CnnzooError, checkOptions, warn } from '../util/index.js';
import type { ByteSource } from '../util/late.js';
import type { CacheEntry, CacheFilter, CacheOptions, CheckedCacheEntry } from './cache-api.js';
import type { Obtainable } from './sources.js';

/** What is known of a file's sha256 before it is fetched. */
export interface ExpectedHash {
  /** The whole hash. */
  readonly sha256?: string;
  /** Its first digits. */
  readonly hashPrefix?: string;
}

/** The digits that a file's hash has to begin with; undefined where none are known. */
export const expectedDigits = ({ sha256, hashPrefix }: ExpectedHash): string | undefined =>
  (sha256 || hashPrefix)?.toLowerCase() || undefined;

/** The hash digits in a file name of torch.hub's convention: `resnet18-f37072fd.pth`. */
export const digitsInName = (name: string): string | undefined => /-([0-9a-f]{8,64})\.[a-z]+$/.exec(name)?.[1];

/** Hashes a source, compares, and only then opens it as a checkpoint, or the part of it under `key`. Owns the source. */
export async function openChecked(
  source: ByteSource,
  digits: string | undefined,
  key?: string,
): Promise<{ file: TensorFile; sha256: string }> {
  try {
    const sha256 = await hashSource(source);
    if (digits && !sha256.startsWith(digits))
      throw new CnnzooError(
        'HASH',
        `'${source.name}' has other bytes than published: expected sha256 ${digits}${digits.length < 64 ? '…' : ''}, ` +
          `received ${sha256}.`,
      );
    return { file: await openTensorSource(source, { intact: digits !== undefined, key }), sha256 };
  } catch (error) {
    await source.close();
    throw error;
  }
}

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

const entryOf = (store: Store, record: CacheRecord): CacheEntry => {
  const { model, weights, file, bytes, sha256, fetched = sha256, source, verified } = record;
  return { model, weights, path: store.pathOf(model, file), bytes, sha256, fetched, source, verified };
};

const warnOfSkipped = ({ path, reason }: SkippedFile): void => warn(`'${path}' is left alone: ${reason}.`);

/** Tells of the files that were skipped. */
function tell(where: string, skipped: readonly SkippedFile[], options: CacheOptions | undefined): void {
  checkOptions(where, options, ['onSkipped']);
  for (const file of skipped) (options?.onSkipped ?? warnOfSkipped)(file);
}

export async function list(options: CacheOptions | undefined): Promise<CacheEntry[]> {
  const store = await openStore();
  const { records, skipped } = await store.list();
  tell('listCache', skipped, options);
  return records.map((record) => entryOf(store, record));
}

export async function verify(options: CacheOptions | undefined): Promise<CheckedCacheEntry[]> {
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
