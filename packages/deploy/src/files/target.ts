import { CnnzooError } from '@cnnzoo/core';
import { namesIn, pathOf } from '@cnnzoo/core/internal';

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
