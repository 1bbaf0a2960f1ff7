import type { Classifier } from './classifier.js';

/**
 * Reads a classifier that `save` wrote: a directory, its file, or the URL of either.
 * @throws CnnzooError FILE, FORMAT or STATE_DICT.
 */
export async function load(path: string | URL): Promise<Classifier> {
  // The reader stays out of what a page loads to build a net.
  return (await import('./load.js')).load(path);
}
