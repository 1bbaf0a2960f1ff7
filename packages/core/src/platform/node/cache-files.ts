import { type Dirent, promises as fs } from 'node:fs';
import { join } from 'node:path';
import { CnnzooError } from '../../util/index.js';
import type { CacheRecord, Records, SkippedFile } from '../store.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space',
  EDQUOT: 'the disk quota is used up. Free some space',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'it is no place for a directory. Choose another',
  ENOTDIR: 'a file is in the place of a directory',
  EEXIST: 'a file is in the place of a directory',
  EISDIR: 'a directory is in the place of a file',
};

/** Returns the code of an error of the file system, such as 'ENOENT'. undefined for other errors. */
export const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

/** Returns an error for a cache that can't be used. Its message says what to do. */
export function cacheError(path: string, cause: unknown): CnnzooError {
  const reason = REASONS[codeOf(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
  return new CnnzooError(
    'FILE',
    `The cache can't be used at '${path}': ${reason}, or set CNNZOO_CACHE to another directory that can be written to.`,
    { cause },
  );
}

/** Bytes above which a file counts as no record. Records of cnnzoo have less than a thousand. */
const MAX_TEXT = 65_536;

/**
 * End of the weights' name under which the transposed copy of a checkpoint is written. Such a part is written while its
 * entry's lock is held.
 */
export const TURNED = ' turned';

/** Encodes a name as one segment of a path that every platform takes. */
export function safeName(name: string): string {
  try {
    return encodeURIComponent(name).replace(/[*.~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  } catch (cause) {
    throw new CnnzooError('INPUT', `Expected a name without lone surrogates, received ${JSON.stringify(name)}.`, {
      cause,
    });
  }
}

/** Decodes a name that `safeName` encoded. undefined for other text. */
function nameOf(safe: string): string | undefined {
  try {
    const name = decodeURIComponent(safe);
    return safeName(name) === safe ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a small regular file as text. undefined if the path is no such file, as for a pipe, which would block.
 *
 * @param links true to follow a link.
 */
export async function smallText(path: string, links: boolean): Promise<string | undefined> {
  const stat = await (links ? fs.stat(path) : fs.lstat(path));
  if (stat.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
  return stat.isFile() && stat.size <= MAX_TEXT ? fs.readFile(path, 'utf8') : undefined;
}

/** Directory of a model. Links inside are not followed. */
interface ModelDirectory {
  readonly path: string;
  readonly model: string;
  readonly files: readonly Dirent[];
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

async function modelDirectories(location: string, skipped: SkippedFile[]): Promise<ModelDirectory[]> {
  let all: Dirent[];
  try {
    all = await fs.readdir(location, { withFileTypes: true });
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw cacheError(location, cause);
  }
  const found: ModelDirectory[] = [];
  for (const { name } of all.filter((each) => each.isDirectory()).sort(byName)) {
    const model = nameOf(name);
    if (model === undefined) continue;
    const path = join(location, name);
    try {
      found.push({ path, model, files: (await fs.readdir(path, { withFileTypes: true })).sort(byName) });
    } catch (cause) {
      if (codeOf(cause) !== 'ENOENT') skipped.push({ path, reason: `it can't be listed (${codeOf(cause)})` });
    }
  }
  return found;
}

/**
 * Reads a file that should be one of cnnzoo's. undefined if it does not exist, or if it is none, which is then added to
 * `skipped`.
 *
 * @param what Noun for the file, for the reason: 'record of the cache'.
 */
async function readOurs<T>(
  path: string,
  what: string,
  skipped: SkippedFile[],
  parse: (text: string) => T | undefined,
): Promise<T | undefined> {
  let reason = `it is no ${what}`;
  try {
    const text = await smallText(path, false);
    const value = text === undefined ? undefined : parse(text);
    if (value !== undefined) return value;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    if (codeOf(cause) !== 'EISDIR') reason = `it can't be read (${codeOf(cause)})`;
  }
  skipped.push({ path, reason });
  return undefined;
}

const isRecordName = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.');

/** Finds all records, also those that lie in another entry's place. */
export async function findRecords(location: string): Promise<Records> {
  const { parseRecord } = await import('../store-record.js');
  const [records, skipped]: [CacheRecord[], SkippedFile[]] = [[], []];
  for (const { path, files } of await modelDirectories(location, skipped))
    for (const { name } of files.filter((file) => isRecordName(file.name))) {
      const record = await readOurs(join(path, name), 'record of the cache', skipped, parseRecord);
      if (record) records.push(record);
    }
  return { records, skipped };
}

/** Place of the files of an entry. */
export interface EntryPlace {
  readonly directory: string;
  readonly model: string;
  readonly weights: string;
  /** Path without an ending. The lock has the same path. */
  readonly path: string;
  /** Names of temporary files of records, which an interrupted write has left. */
  readonly notes: string[];
}

const ENDING = /^(?:\.(?<noted>.+)\.json\.[\da-f]{12}\.tmp|(?<name>.+?)\.(?:json|part|part-origin))$/;

/** Finds the places of all entries that have files with names as the cache gives them. */
export async function findPlaces(location: string): Promise<{ places: EntryPlace[]; skipped: SkippedFile[] }> {
  const places = new Map<string, EntryPlace>();
  const skipped: SkippedFile[] = [];
  for (const { path: directory, model, files } of await modelDirectories(location, skipped))
    for (const { name } of files) {
      const { noted, name: base = noted } = ENDING.exec(name)?.groups ?? {};
      if (base === undefined) continue;
      const [weights, path] = [nameOf(base), join(directory, base)];
      if (weights === undefined) {
        if (!noted) skipped.push({ path: join(directory, name), reason: 'it is no file of the cache' });
        continue;
      }
      const place = places.get(path) ?? { directory, model, weights, path, notes: [] };
      places.set(path, place);
      if (noted) place.notes.push(name);
    }
  return { places: [...places.values()], skipped };
}

/** Files of an entry that cnnzoo has written. */
export interface EntryFiles {
  readonly record?: CacheRecord;
  readonly paths: readonly string[];
}

/** Finds all files of an entry that cnnzoo has written. Files that only look like it are added to `skipped`. */
export async function filesOf(place: EntryPlace, skipped: SkippedFile[]): Promise<EntryFiles> {
  const { parseRecord, parseOrigin } = await import('../store-record.js');
  const { directory, model, weights, path, notes } = place;
  const isOwn = (record: CacheRecord | undefined): boolean => record?.model === model && record.weights === weights;
  const paths: string[] = [];
  const add = async (file: string, reason?: string): Promise<void> => {
    const stat = await fs.lstat(file).catch(() => undefined);
    if (stat?.isFile() && reason === undefined) paths.push(file);
    else if (stat) skipped.push({ path: file, reason: reason ?? 'a link or a directory is in the place of a file' });
  };

  const record = await readOurs(`${path}.json`, 'record of the cache', skipped, parseRecord);
  // The record is removed first: the other files can't be found without it.
  if (record) await add(`${path}.json`, isOwn(record) ? undefined : 'it is the record of another entry');
  if (isOwn(record)) await add(join(directory, record!.file));

  const origin = await readOurs(`${path}.part-origin`, 'note of a download', skipped, parseOrigin);
  await add(`${path}.part`, origin ? undefined : 'nothing says that it is a download of ours');
  for (const file of origin?.files ?? [])
    if (!(await isClaimed(directory, file, parseRecord))) await add(join(directory, file));
  if (origin) await add(`${path}.part-origin`);

  for (const note of notes) {
    const text = await smallText(join(directory, note), false).catch(() => undefined);
    if (text === '' || (text !== undefined && isOwn(parseRecord(text)))) await add(join(directory, note));
  }
  return { ...(isOwn(record) && { record: record! }), paths };
}

/** Returns true if a record in the directory names this file. */
async function isClaimed(
  directory: string,
  file: string,
  parse: (text: string) => CacheRecord | undefined,
): Promise<boolean> {
  for (const name of (await fs.readdir(directory)).filter(isRecordName)) {
    const text = await smallText(join(directory, name), false).catch(() => undefined);
    if (text !== undefined && parse(text)?.file === file) return true;
  }
  return false;
}

/** Returns the lock paths to hold for work on the files at a place. A transposed copy also needs its entry's lock. */
export const lockedWith = ({ path }: EntryPlace): string[] =>
  path.endsWith(safeName(TURNED)) ? [path, path.slice(0, -safeName(TURNED).length)] : [path];
