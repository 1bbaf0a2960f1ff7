import { localPath, mirrorLocation, openPath } from '#platform';
import { reasonOf } from '../download/reason.js';
import { CnnzooError } from '../errors.js';
import { expectedDigits } from './expected-hash.js';
import { fetchText, MAX_TEXT } from './fetch-text.js';
import { HubDownload } from './hub.js';
import { findInMirror, MIRROR_INDEX, parseMirrorIndex } from './mirror.js';
import { checkStart, MAX_CHECKPOINT, MAX_UNSTATED } from './open.js';
import type { ByteSource } from './read-buffer.js';
import type { Part } from './store.js';
import { type FileBounds, type TransferContext, transfer } from './transfer.js';

/** One place that a checkpoint can be downloaded from. */
export interface Source {
  /**
   * `publisher`: the file of the people who trained it, its hash prefix in its name (torch.hub's convention).
   * `hub`: a copy on the Hugging Face hub; its hash is asked of the server.
   * `package`: a file inside the npm package of the family.
   */
  readonly kind: 'publisher' | 'hub' | 'package';
  readonly url: string;
  /** The whole hash, where known. */
  readonly sha256?: string;
  /** The first hexadecimal digits of the hash, where the publisher gives only these. */
  readonly hashPrefix?: string;
}

/** Facts of a checkpoint that a download needs: an entry of a registry, or a URL in the place of one. */
export interface Obtainable {
  readonly model: string;
  /** The entry's name, e.g. 'IMAGENET1K_V1'. */
  readonly name: string;
  readonly sources: readonly Source[];
  /** Size of the publisher's file in MiB. */
  readonly fileSize?: number;
  readonly parameters?: number;
  /** Key of the state dict in the file. */
  readonly key?: string;
}

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
    ...entry.sources.map((source) => sourceCandidate(source, context, boundsOf(entry))),
  ];
}

/**
 * Bounds on an entry's file. A copy on a hub differs from the publisher's file in its container and in buffers, and may
 * hold float32 for the publisher's float16: 5 % and a mebibyte over the larger of both are room enough.
 */
function boundsOf({ fileSize = 0, parameters = 0 }: Obtainable): FileBounds {
  const known = Math.max(fileSize * 2 ** 20, parameters * Float32Array.BYTES_PER_ELEMENT);
  return known > 0
    ? { maxBytes: Math.ceil(1.05 * known) + 2 ** 20 }
    : { maxBytes: MAX_CHECKPOINT, maxUnstated: MAX_UNSTATED, checkStart: (start) => checkStart('the file', start) };
}

const sourceCandidate = (source: Source, context: TransferContext, bounds: FileBounds): Candidate => ({
  kind: source.kind,
  url: source.url,
  async fill(part) {
    const digits = expectedDigits(source);
    if (digits || source.kind !== 'hub') {
      await transfer(source.url, part, context.fetch, context, bounds);
      return digits;
    }
    const hub = new HubDownload(source.url, context);
    await transfer(source.url, part, hub.send, context, bounds);
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
      const text = path === undefined ? await fetchText(index, "a mirror's index", context) : await readText(index);
      const file = findInMirror(parseMirrorIndex(text, index), entry.model, entry.name);
      if (!file) throw new CnnzooError('DOWNLOAD', `its index has no weights '${entry.name}' of '${entry.model}'`);
      const bounds = { maxBytes: file.bytes };
      if (path === undefined) await transfer(base + file.path, part, context.fetch, context, bounds);
      else await copy(base + file.path, part, context, bounds);
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
    if (source.size > MAX_TEXT)
      throw new CnnzooError('DOWNLOAD', `its index has ${source.size} bytes: expected at most ${MAX_TEXT}`);
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

const COPY_CHUNK = 1 << 20;

async function copy(
  path: string,
  part: Part,
  { signal, progress }: TransferContext,
  { maxBytes }: FileBounds,
): Promise<void> {
  const source = await openInMirror(path);
  try {
    if (source.size > maxBytes)
      throw new CnnzooError('DOWNLOAD', `its index gives '${path}' ${maxBytes} bytes, received ${source.size}`);
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
