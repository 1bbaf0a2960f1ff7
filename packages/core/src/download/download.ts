import {
  type CacheRecord,
  type Fetch,
  fetchUrl,
  localPath,
  openPath,
  openStore,
  reasonOf,
  type Store,
} from '#platform';
import type { TensorFile } from '../checkpoint/index.js';
import { encodeTurned, isWorthTurning } from '../checkpoint/late.js';
import { CnnzooError, warn } from '../util/index.js';
import { abortedError } from '../util/late.js';
import {
  expectedDigits,
  fileNameOf,
  fromCache,
  type ObtainedWeights,
  openChecked,
  recordOf,
  warnUnverified,
} from './cached.js';
import { type Candidate, candidatesOf, type Obtainable } from './sources.js';
import { type Progress, type TransferContext, TUNING, type Tuning } from './transfer.js';

export interface ObtainOptions {
  /** Used for every request, e.g. for headers of your own. Default: the global `fetch`; in Node, through the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name, except for the hosts in NO_PROXY. */
  readonly fetch?: Fetch | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive; never where the weights are in the cache. */
  readonly progress?: Progress | undefined;
}

/**
 * The weights of an entry: out of the family's package, out of the cache, or fetched from the first source that gives
 * them and kept. Nothing is parsed before the hash of its bytes was found right. The caller closes the file.
 * @throws CnnzooError DOWNLOAD (HASH where every source had other bytes than published), listing what was tried; FILE
 * where the cache can't be used; ABORTED.
 */
export async function obtainWeights(
  entry: Obtainable,
  { fetch, signal, progress }: ObtainOptions = {},
  tuning: Tuning = TUNING,
): Promise<ObtainedWeights> {
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

/** The file that the family's npm package holds: read where it lies. */
async function fromPackage(entry: Obtainable): Promise<ObtainedWeights | undefined> {
  const source = entry.sources.find(({ kind, url }) => kind === 'package' && localPath(url) !== undefined);
  if (!source) return undefined;
  const digits = expectedDigits(source);
  const { file, sha256 } = await openChecked(await openPath(localPath(source.url)!), digits);
  return { file, from: source.url, verified: digits !== undefined, sha256 };
}

async function fromFirst(
  candidates: readonly Candidate[],
  store: Store,
  entry: Obtainable,
  { signal }: TransferContext,
): Promise<ObtainedWeights> {
  const failures: { text: string; hash: boolean }[] = [];
  for (const candidate of candidates) {
    try {
      const obtained = await fetchFrom(candidate, store, entry);
      for (const { text, hash } of failures) if (hash) warn(`${text} Another source was taken.`);
      return obtained;
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

/** Fetches from one place, checks, and keeps. What fails the check is removed. */
async function fetchFrom(candidate: Candidate, store: Store, entry: Obtainable): Promise<ObtainedWeights> {
  const part = await store.part(entry.model, entry.name);
  const resumed = part.size > 0;
  let filled = false;
  try {
    const digits = await candidate.fill(part);
    filled = true;
    const { size } = part;
    const { file, sha256 } = await openChecked(await part.read(), digits, entry.key);
    const verified = digits !== undefined;
    const name = keptName(entry, candidate.url, sha256);
    const record = recordOf(entry, name, size, sha256, candidate.url, verified);
    let kept = file;
    try {
      const turned = store.turns && isWorthTurning(file) ? await keepTurned(store, file, record) : undefined;
      if (turned) {
        kept = turned;
        await file.close();
        await part.discard();
      } else await store.keep(part, record);
    } catch (error) {
      await kept.close();
      throw error;
    }
    if (!verified) warnUnverified(entry, candidate.url, sha256);
    return { file: kept, from: candidate.url, verified, sha256 };
  } catch (error) {
    await (filled ? part.discard() : part.suspend());
    // What an earlier call left may have been damaged since: once more, from the start.
    if (resumed && error instanceof CnnzooError && error.code === 'HASH') return fetchFrom(candidate, store, entry);
    throw error;
  }
}

/** Keeps a turned copy in place of what was fetched; undefined where there is no room for both. */
async function keepTurned(store: Store, file: TensorFile, record: CacheRecord): Promise<TensorFile | undefined> {
  const copy = await store.part(record.model, `${record.weights} turned`);
  try {
    await copy.restart({ url: record.source, validator: null, total: null });
    for await (const chunk of encodeTurned(file)) await copy.append(chunk);
    const { file: turned, sha256 } = await openChecked(await copy.read(), undefined);
    try {
      const name = `${record.file.replace(/\.\w+$/, '')}.tfjs.safetensors`;
      await store.keep(copy, { ...record, file: name, bytes: copy.size, sha256, fetched: record.sha256 });
      return turned;
    } catch (error) {
      await turned.close();
      throw error;
    }
  } catch (error) {
    await copy.discard();
    if (error instanceof CnnzooError && error.code === 'FILE') return undefined;
    throw error;
  }
}

/** The publisher's file keeps its name, which holds its hash; every other gets one of the same kind. */
function keptName({ name }: Obtainable, url: string, sha256: string): string {
  const published = fileNameOf(url);
  if (/^[\w.-]+$/.test(published) && published.includes(`-${sha256.slice(0, 8)}`)) return published;
  return `${encodeURIComponent(name)}-${sha256.slice(0, 8)}${/\.\w+$/.exec(published)?.[0] ?? ''}`;
}

function failureMessage(entry: Obtainable, store: Store, failures: readonly string[]): string {
  const { model, name, sources } = entry;
  const published = sources.find((source) => expectedDigits(source));
  const tried = failures.length > 0 ? failures : ['(the entry names no source)'];
  return [
    `The weights '${name}' of '${model}' could not be fetched. Tried:`,
    ...tried.map((failure) => `  ${failure}`),
    'What helps: check the connection and try again (what was fetched so far is kept where the server can go on from it).',
    'Without a connection,',
    ...(published ? [`  put ${published.url} at ${store.pathOf(model, fileNameOf(published.url))}, or`] : []),
    `  pass a file that you have: pretrained({ weights: '${name}', from: './file.pth' }), or`,
    '  set CNNZOO_MIRROR to the path or URL of a mirror (`port --all` makes one).',
  ].join('\n');
}
