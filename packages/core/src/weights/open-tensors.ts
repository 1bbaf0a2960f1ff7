import type { ReadOptions, TensorFile, WeightsSource } from './tensors.js';

/**
 * Opens a checkpoint of any format, and reads a tensor when it is asked for one. The caller closes the file.
 * @throws CnnzooError FILE, FORMAT or UNSAFE; for a URL, DOWNLOAD or ABORTED.
 */
export async function openTensors(source: WeightsSource, options: ReadOptions = {}): Promise<TensorFile> {
  // The readers stay out of what a page loads to build a net.
  const { checkReadOptions, openTensors: open } = await import('./open.js');
  checkReadOptions('openTensors', options);
  return open(source, options);
}
