import { CnnzooError } from '../../errors.js';
import type { Listing } from '../listing.js';

/** A page has no file system. */
export async function listFiles(directory: string): Promise<Listing> {
  throw new CnnzooError(
    'FILE',
    `Can't list '${directory}': a page has no file system. Give the files of an <input type="file" webkitdirectory>.`,
  );
}
