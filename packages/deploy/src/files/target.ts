import { CnnzooError } from '@cnnzoo/core';
import { namesIn, pathOf } from '@cnnzoo/core/internal';

/** Splits a path before its last name. */
function split(path: string): readonly [directory: string, name: string] {
  const end = path.replace(/[/\\]+$/, '');
  const at = Math.max(end.lastIndexOf('/'), end.lastIndexOf('\\'));
  return [at < 0 ? '.' : end.slice(0, at + 1), end.slice(at + 1)];
}

/**
 * Returns the path of a file to be written.
 *
 * @throws CnnzooError INPUT for a value that is no path, or one with another ending; FILE if there is something at the path.
 */
export async function freeFile(what: string, location: string | URL, ending: string): Promise<string> {
  const path = pathOf(location);
  if (!path.endsWith(ending))
    throw new CnnzooError('INPUT', `${what}: expected a path that ends in '${ending}', received '${path}'.`);
  const [directory, name] = split(path);
  if ((await namesIn(directory)).includes(name))
    throw new CnnzooError(
      'FILE',
      `${what}: there is a '${path}' already, and it stays. Remove it, or choose another name.`,
    );
  return path;
}

/**
 * Returns the path of a directory that does not exist or is empty.
 *
 * @throws CnnzooError INPUT for a value that is no path; FILE if the path is a file or a directory with something in it.
 */
export async function freeDirectory(what: string, location: string | URL): Promise<string> {
  const path = pathOf(location);
  const [first] = await namesIn(path);
  if (first !== undefined)
    throw new CnnzooError(
      'FILE',
      `${what}: expected a directory that is empty or does not exist, '${path}' has '${first}'. Choose another.`,
    );
  return path;
}
