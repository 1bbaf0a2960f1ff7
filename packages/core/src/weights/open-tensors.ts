import type { TensorFile, WeightsSource } from './tensors.js';

/**
 * Opens a checkpoint of any format, and reads a tensor when it is asked for one. The caller closes the file.
 * @throws CnnzooError FILE, FORMAT or UNSAFE.
 */
export async function openTensors(source: WeightsSource): Promise<TensorFile> {
  // The readers stay out of what a page loads to build a net.
  return (await import('./open.js')).openTensors(source);
}
