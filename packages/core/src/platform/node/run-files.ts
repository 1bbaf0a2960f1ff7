import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';
import { fileError } from './files.js';

/** Adds text to the end of a file, which is made where there is none. */
export async function appendText(path: string, text: string): Promise<void> {
  try {
    await fs.mkdir(dirname(path), { recursive: true });
    await fs.appendFile(path, text);
  } catch (cause) {
    throw fileError('write', path, cause);
  }
}

/** Removes files, also those that are gone already. */
export async function removeFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    await fs.rm(path, { force: true }).catch((cause: unknown) => Promise.reject(fileError('remove', path, cause)));
}

/** The names in a directory; none where there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  return fs.readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw fileError('list', directory, cause);
  });
}
