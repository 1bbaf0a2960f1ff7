import { type Dirent, promises as fs } from 'node:fs';
import { join } from 'node:path';
import type { Listing } from '../listing.js';
import { codeOf } from './file-errors.js';
import { fileError } from './files.js';

/** What a link leads to, of which the directory itself says nothing. */
async function kindOf(entry: Dirent, path: string): Promise<{ isDirectory(): boolean; isFile(): boolean }> {
  if (entry.isDirectory() || entry.isFile()) return entry;
  return fs.stat(path).catch((cause: unknown) => {
    if (entry.isSymbolicLink() && codeOf(cause) === 'ENOENT')
      throw fileError('open', path, { message: 'it is a link to something that is not there. Remove it' });
    throw fileError('open', path, cause);
  });
}

/**
 * Lists all that is below a directory. Links are followed, except back to where they are.
 * @throws CnnzooError FILE where the directory itself can't be listed.
 */
export async function listFiles(directory: string): Promise<Listing> {
  const listing: Listing = { files: [], folders: [], unreadable: [] };
  async function add(entry: Dirent, path: string, places: readonly string[]): Promise<void> {
    const kind = await kindOf(entry, join(directory, path));
    if (kind.isDirectory()) await walk(path, places);
    else if (kind.isFile()) listing.files.push(path);
    // Of a pipe nobody knows whether it ever ends.
    else throw fileError('open', join(directory, path), { message: 'it is neither a file nor a directory' });
  }
  async function walk(relative: string, above: readonly string[]): Promise<void> {
    const path = join(directory, relative);
    let entries: Dirent[];
    let place: string;
    try {
      place = await fs.realpath(path);
      if (above.includes(place)) return;
      if (relative) listing.folders.push(relative);
      entries = await fs.readdir(path, { withFileTypes: true });
    } catch (cause) {
      throw fileError('list', path, cause);
    }
    for (const entry of entries) {
      const child = relative ? `${relative}/${entry.name}` : entry.name;
      await add(entry, child, [...above, place]).catch((error: Error) =>
        listing.unreadable.push({ path: child, message: error.message }),
      );
    }
  }
  await walk('', []);
  return listing;
}
