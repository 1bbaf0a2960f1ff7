import { hashSource, localPath } from '#platform';
import type { TensorFile, WeightsSource } from '../checkpoint/index.js';
import { byteSourceOf, type ReadBytesOptions, readByteSource, readCheckpoint, sourceName } from '../checkpoint/late.js';
import { type Downloadable, type DownloadOptions, digitsInName, download, fileNameOf } from '../download/late.js';
import { isUrl } from '../util/index.js';
import { type ByteSource, bytesSource } from '../util/late.js';
import type { WeightsEntry } from './weights.js';

/** Checkpoint that is asked for: the caller's (`given`), else the entry's. */
export interface Wanted extends DownloadOptions {
  readonly entry?: WeightsEntry | undefined;
  readonly given?: WeightsSource | undefined;
  /** Key of the state dict in the caller's checkpoint. Default: the only one. */
  readonly key?: string | undefined;
}

/** A checkpoint that is not read yet. */
export interface Origin {
  /** Path or URL of the checkpoint, else the kind of value that it is. */
  readonly source: string;
  /** True if the checkpoint is the caller's, false if it is an entry's. */
  readonly isGiven: boolean;
  /** Resolves to the hash of the published file, or of the caller's; undefined for a state dict. */
  sha256(): Promise<string | undefined>;
  /** Reads the tensors, whose owner closes them. Called once. */
  read(): Promise<TensorFile>;
}

/**
 * Downloads the bytes of a checkpoint, or opens the caller's.
 * @throws CnnzooError DOWNLOAD, HASH or ABORTED; FILE.
 */
export async function downloadWeights(model: string, { entry, given, key, ...options }: Wanted): Promise<Origin> {
  const url = remoteUrl(given);
  if (given === undefined || url !== undefined) {
    const isGiven = url !== undefined;
    const { bytes, sha256, from, ...how } = await download(
      isGiven ? await entryOfUrl(model, url, key) : entry!,
      options,
    );
    return {
      source: isGiven ? sourceName(given!) : from,
      isGiven,
      sha256: async () => sha256,
      read: () => read(bytes, how),
    };
  }
  const bytes = await byteSourceOf(given, options);
  return {
    source: sourceName(given),
    isGiven: true,
    sha256: async () => bytes && hashSource(bytes),
    read: () => (bytes ? read(bytes, { key }) : readCheckpoint(given, { key })),
  };
}

async function read(bytes: ByteSource, { intact, key }: ReadBytesOptions): Promise<TensorFile> {
  try {
    return await readByteSource(bytes, { intact, key });
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Returns the address of a checkpoint that is fetched over http; undefined for any other. */
function remoteUrl(given: WeightsSource | undefined): string | undefined {
  if (!(typeof given === 'string' || isUrl(given)) || localPath(given) !== undefined) return undefined;
  const base = globalThis.location?.href;
  if (!URL.canParse(String(given), base)) return undefined;
  const { href, protocol } = new URL(given, base);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}

/** Makes an entry of a URL, so that it is downloaded, verified and cached as one; another entry for each key. */
async function entryOfUrl(model: string, url: string, key: string | undefined): Promise<Downloadable> {
  const file = fileNameOf(url) || 'weights';
  const digits = digitsInName(file);
  const id = await hashSource(bytesSource(new TextEncoder().encode(key === undefined ? url : `${url}\n${key}`), url));
  return {
    model,
    name: `${file}@${id.slice(0, 8)}`,
    sources: [{ kind: 'publisher', url, ...(digits && { hashPrefix: digits }) }],
    ...(key !== undefined && { key }),
  };
}
