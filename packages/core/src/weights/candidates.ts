import { localPath, mirrorLocation, openPath } from '#platform';
import { CnnzooError } from '../errors.js';
import { expectedDigits } from './expected-hash.js';
import { HubDownload } from './hub.js';
import { findInMirror, MIRROR_INDEX, parseMirrorIndex } from './mirror.js';
import type { Source, WeightsEntry } from './registry.js';
import type { Part } from './store.js';
import type { ByteSource } from './tensors.js';
import { fetchText, reasonOf, type TransferContext, transfer } from './transfer.js';

/** What is fetched: an entry of a registry, or a URL in the place of one. */
export type Obtainable = Pick<WeightsEntry, 'model' | 'name' | 'sources'>;

/** One place to fetch from. */
export interface Candidate {
  /** For messages. */
  readonly kind: string;
  readonly url: string;
  /** Fetches the file; resolves to the digits its hash begins with, undefined where nobody vouches for any. */
  fill(part: Part): Promise<string | undefined>;
}

/** The places to fetch an entry from, in order; a mirror first. */
export function candidatesOf(entry: Obtainable, context: TransferContext): Candidate[] {
  const mirror = mirrorLocation();
  return [
    ...(mirror ? [mirrorCandidate(mirror, entry, context)] : []),
    ...entry.sources.map((source) => sourceCandidate(source, context)),
  ];
}

const sourceCandidate = (source: Source, context: TransferContext): Candidate => ({
  kind: source.kind,
  url: source.url,
  async fill(part) {
    const digits = expectedDigits(source);
    if (digits || source.kind !== 'hub') {
      await transfer(source.url, part, context.fetch, context);
      return digits;
    }
    const hub = new HubDownload(source.url, context);
    await transfer(source.url, part, hub.send, context);
    return hub.sha256();
  },
});

/** `base` as a directory, so that what is inside resolves against it. */
const directory = (base: string): string => (base.endsWith('/') ? base : `${base}/`);

function mirrorCandidate(location: string, entry: Obtainable, context: TransferContext): Candidate {
  const path = localPath(location);
  const base = directory(path ?? location);
  return {
    kind: 'mirror',
    url: location,
    async fill(part) {
      const index = base + MIRROR_INDEX;
      const text = path === undefined ? await fetchText(index, context) : await readText(index);
      const file = findInMirror(parseMirrorIndex(text, index), entry.model, entry.name);
      if (!file) throw new CnnzooError('DOWNLOAD', `its index has no weights '${entry.name}' of '${entry.model}'`);
      if (path === undefined) await transfer(base + file.path, part, context.fetch, context);
      else await copy(base + file.path, part, context);
      return file.sha256;
    },
  };
}

/** What can't be read in a mirror is a failure of that source, not of the cache. */
const openInMirror = (path: string): Promise<ByteSource> =>
  openPath(path).catch((cause: unknown) => {
    throw new CnnzooError('DOWNLOAD', reasonOf(cause), { cause });
  });

async function readText(path: string): Promise<string> {
  const source = await openInMirror(path);
  try {
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

const COPY_CHUNK = 1 << 20;

async function copy(path: string, part: Part, { signal, progress }: TransferContext): Promise<void> {
  const source = await openInMirror(path);
  try {
    await part.restart({ url: path, validator: null, total: source.size });
    while (part.size < source.size) {
      signal?.throwIfAborted();
      await part.append(await source.read(part.size, Math.min(COPY_CHUNK, source.size - part.size)));
      progress?.({ loaded: part.size, total: source.size });
    }
  } finally {
    await source.close();
  }
}
