import { promises as fs } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileError, makeDirectory } from './files.js';
import { pathOf } from './paths.js';

/** Adds text to the end of a file, which is made where there is none. */
export async function appendText(location: string | URL, text: string): Promise<void> {
  const path = pathOf(location);
  try {
    await makeDirectory(dirname(path));
    await fs.appendFile(path, text);
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

/** The directory itself, or the nearest above it that exists. A link to nothing is in the way of a directory. */
async function existing(directory: string): Promise<string> {
  const found = await fs.lstat(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && dirname(directory) !== directory) return undefined;
    throw cause;
  });
  return found ? fs.realpath(directory) : existing(dirname(directory));
}

/**
 * Makes sure that a directory can be written to, or be made, and leaves all as it was.
 * @returns its path.
 * @throws CnnzooError FILE.
 */
export async function requireWritable(location: string | URL): Promise<string> {
  const directory = pathOf(location);
  try {
    // Rights alone don't tell: a file system may be read-only.
    await fs.rmdir(await fs.mkdtemp(join(await existing(resolve(directory)), '.cnnzoo-')));
  } catch (cause) {
    throw fileError('write to', directory, cause);
  }
  return directory;
}

/** Removes files, also those that are gone already. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    await fs.rm(path, { force: true }).catch((cause: unknown) => Promise.reject(fileError('remove', path, cause)));
}

/** The names in a directory; none where there is no such directory. */
export async function namesIn(location: string | URL): Promise<string[]> {
  const directory = pathOf(location);
  return fs.readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw fileError('list', directory, cause);
  });
}
