import type { FetchOptions, TensorFile, WeightsSource } from './tensors.js';

/**
 * Opens a checkpoint of any format, and reads a tensor when it is asked for one. The caller closes the file.
 * @throws CnnzooError FILE, FORMAT or UNSAFE; for a URL, DOWNLOAD or ABORTED.
 */
export async function openTensors(source: WeightsSource, options: FetchOptions = {}): Promise<TensorFile> {
  // The readers stay out of what a page loads to build a net.
  return (await import('./open.js')).openTensors(source, options);
}
