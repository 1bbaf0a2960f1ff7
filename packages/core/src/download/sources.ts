import { fetchBytes, localPath, mirrorLocation, openPath, reasonOf, shownUrl } from '#platform';
import { checkStart, MAX_CHECKPOINT, MAX_UNSTATED } from '../checkpoint/late.js';
import type { Part } from '../platform/index.js';
import { CnnzooError } from '../util/index.js';
import type { ByteSource } from '../util/late.js';
import type { Downloadable, PublishedSource } from './downloaded.js';
import { findInMirror, parseMirrorIndex } from './mirror.js';
import { MIRROR_INDEX } from './mirror-layout.js';
import { type FileBounds, type Send, type TransferContext, transfer } from './transfer.js';
import { expectedDigits } from './verify.js';

/** Bytes of the largest text that is fetched: an index of thousands of files. */
export const MAX_TEXT = 2 ** 24;

/** Fetches a small text, e.g. an index or a pointer file. */
async function fetchText(url: string, what: string, { fetch, signal, tuning }: TransferContext): Promise<string> {
  const patience = { ...tuning, totalMs: 4 * tuning.stallMs };
  const bytes = await fetchBytes(url, { fetch, what, maxBytes: MAX_TEXT, signal, patience });
  return new TextDecoder().decode(bytes);
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * A download from the Hugging Face hub. The hub answers a large file with a redirect whose `X-Linked-Etag` is the
 * file's sha256. In a browser, which hides a redirect's headers, the pointer file in the git
 * repository holds the same.
 */
class HubDownload {
  private linked: string | undefined;

  constructor(
    private readonly url: string,
    private readonly context: TransferContext,
  ) {}

  readonly send: Send = async (url, init) => {
    let next = url;
    for (let hops = 0; hops < 10; hops++) {
      const response = await this.context.fetch(next, { ...init, redirect: 'manual' });
      this.linked ??= /[0-9a-f]{64}/.exec(response.headers.get('x-linked-etag') ?? '')?.[0];
      if (response.type === 'opaqueredirect') return this.context.fetch(next, init);
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || !location) return response;
      await response.body?.cancel();
      next = new URL(location, next).href;
      if (!/^https?:/.test(next)) throw new Error(`the server redirects to '${shownUrl(next)}'`);
    }
    throw new Error('the server redirects without end');
  };

  /** Resolves to the hash that the server vouches for; undefined if it vouches for none. */
  async sha256(): Promise<string | undefined> {
    return this.linked ?? (await this.pointerHash());
  }

  private async pointerHash(): Promise<string | undefined> {
    const pointer = this.url.replace('/resolve/', '/raw/');
    if (pointer === this.url) return undefined;
    try {
      const text = await fetchText(pointer, 'a pointer file', this.context);
      return /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
    } catch (error) {
      if (this.context.signal?.aborted) throw error;
      return undefined;
    }
  }
}

/** A place that a download tries. */
export interface Candidate {
  /** Kind of the place, for messages. */
  readonly kind: string;
  readonly url: string;
  /** Fills the part with the file; resolves to the digits that its hash begins with, undefined if nobody vouches for any. */
  fill(part: Part): Promise<string | undefined>;
}

/** Lists the places to download an entry from, in order; a mirror first. */
export function candidatesOf(entry: Downloadable, context: TransferContext): Candidate[] {
  const mirror = mirrorLocation();
  return [
    ...(mirror ? [mirrorCandidate(mirror, entry, context)] : []),
    ...entry.sources
      .filter((source) => source.kind !== 'package')
      .map((source) => sourceCandidate(source, context, boundsOf(entry))),
  ];
}

/**
 * Bounds on an entry's file. A copy on a hub differs from the publisher's file in its container and in buffers, and may
 * hold float32 for the publisher's float16: 5 % and a mebibyte over the larger of both are room enough.
 */
function boundsOf({ fileSize = 0, parameters = 0 }: Downloadable): FileBounds {
  const known = Math.max(fileSize * 2 ** 20, parameters * Float32Array.BYTES_PER_ELEMENT);
  return known > 0
    ? { maxBytes: Math.ceil(1.05 * known) + 2 ** 20 }
    : { maxBytes: MAX_CHECKPOINT, maxUnstated: MAX_UNSTATED, checkStart: (start) => checkStart('the file', start) };
}

const sourceCandidate = (source: PublishedSource, context: TransferContext, bounds: FileBounds): Candidate => ({
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

/** Returns the path or URL with a '/' at its end, so that names resolve against it. */
const directory = (base: string): string => (base.endsWith('/') ? base : `${base}/`);

function mirrorCandidate(location: string, entry: Downloadable, context: TransferContext): Candidate {
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

/** Opens a file of a mirror. An error is the source's (DOWNLOAD), not the cache's (FILE). */
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
