import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isUrl } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';

/** The beginning of a URL. A drive's letter is no scheme, nor is what stands before a colon inside a name ('run-12:30'). */
const SCHEME = /^(?:[a-z][a-z\d+.-]+:\/|(?:https?|data|blob|file):)/i;

const refused = (location: string, why: string, cause?: unknown): CnnzooError =>
  new CnnzooError(
    'FILE',
    `Expected a path, or the file: URL of one ('file:///data/net.safetensors'), received '${location}': ${why}.`,
    cause === undefined ? {} : { cause },
  );

function pathOfFileUrl(location: string): string {
  if (!/^file:\//i.test(location)) throw refused(location, 'a file: URL has an absolute path');
  let url: URL;
  try {
    url = new URL(location);
    if (url.host === '' && url.search === '' && url.hash === '') return fileURLToPath(url);
  } catch (cause) {
    throw refused(location, (cause as Error).message, cause);
  }
  throw url.host === ''
    ? refused(location, "write '?' and '#' inside a name as %3F and %23")
    : refused(location, `it names the machine '${url.host}'. Name a file of this one`);
}

/**
 * The path that a path or file: URL names, undefined for what lies behind a network.
 * @throws CnnzooError FILE for a file: URL that names no path here.
 */
export function localPath(location: string | URL): string | undefined {
  const text = String(location);
  if (/^file:/i.test(text)) return pathOfFileUrl(text);
  return isUrl(location) || SCHEME.test(text) ? undefined : text;
}

/**
 * The path that a path or file: URL names.
 * @throws CnnzooError INPUT for what is neither text nor a URL; FILE for URLs of other schemes.
 */
export function pathOf(location: string | URL): string {
  if (location === '' || !(typeof location === 'string' || isUrl(location)))
    throw new CnnzooError(
      'INPUT',
      `Expected a path or a file: URL, received ${location === '' ? 'an empty text' : `${location}`}.`,
    );
  const path = localPath(location);
  if (path !== undefined) return path;
  throw refused(String(location), 'it is no file of this machine');
}

/** The path of a file in a directory. */
export const pathIn = (directory: string | URL, name: string): string => join(pathOf(directory), name);
