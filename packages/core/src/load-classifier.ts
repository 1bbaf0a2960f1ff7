import type { Classifier } from './classifier.js';
import type { FetchOptions } from './weights/tensors.js';

/**
 * Reads a classifier that `save` wrote: a directory, its file, or the URL of either.
 * @throws CnnzooError FILE, FORMAT or STATE_DICT; for a URL, DOWNLOAD or ABORTED.
 */
export async function load(path: string | URL, options: FetchOptions = {}): Promise<Classifier> {
  // The reader stays out of what a page loads to build a net.
  return (await import('./load.js')).load(path, options);
}
