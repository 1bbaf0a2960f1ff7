import { CnnzooError } from '../../errors.js';

/** Nothing is local to a page. */
export const localPath = (_location: string | URL): string | undefined => undefined;

/** A page has no file system. */
export function pathOf(location: string | URL): string {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${location}'. It reads what it fetches from URLs and the files of an ` +
      '<input type="file">, and offers what it makes as a download (encodeSafetensors).',
  );
}

/** The URL of a file in a directory. */
export function pathIn(directory: string | URL, name: string): string {
  const [, path, query] = /^([^?#]*?)\/*([?#].*)?$/s.exec(String(directory))!;
  return `${path}/${name}${query ?? ''}`;
}
