import type { ReadOptions, StateDict, TensorFile, WeightsSource } from './tensors.js';

// The readers stay out of what a page loads to build a net.
const reader = () => import('./read.js');

/**
 * Opens a checkpoint (safetensors, a file of `torch.save`, or a state dict), told apart by its content. Values are read
 * when they are asked for. The caller closes the result.
 *
 * @param source path, URL, bytes, Blob or state dict.
 * @param options `key` of the state dict, if the checkpoint holds several; `signal` that ends a download.
 * @returns tensors by state_dict key, in PyTorch's layout, and the checkpoint's metadata.
 * @throws CnnzooError FILE, FORMAT or UNSAFE; for a URL, DOWNLOAD or ABORTED; INPUT for a `key` that is not there.
 *
 * @example
 * ```ts
 * import { openTensors } from '@cnnzoo/core';
 *
 * const file = await openTensors('resnet18.pth');
 * for (const [key, { shape, stored }] of file.tensors) console.log(key, shape, stored);
 * const { data } = await file.tensors.get('conv1.weight')!.read();
 * console.log(data.length);
 * await file.close();
 * ```
 */
export async function openTensors(source: WeightsSource, options: ReadOptions = {}): Promise<TensorFile> {
  const { checkReadOptions, readCheckpoint } = await reader();
  checkReadOptions('openTensors', options);
  return readCheckpoint(source, options);
}

/** Reads the values of all tensors of an opened checkpoint. */
export async function readAll(file: TensorFile): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [key, tensor] of file.tensors) state.set(key, await tensor.read());
  return state;
}

/**
 * Reads all values of a checkpoint (safetensors, a file of `torch.save`, or a state dict). Needs no backend, and holds no
 * tf tensor.
 *
 * @param source path, URL, bytes, Blob or state dict.
 * @param options `key` of the state dict, if the checkpoint holds several; `signal` that ends a download.
 * @returns { shape, dtype, data } by state_dict key, in PyTorch's layout.
 * @throws CnnzooError FILE, FORMAT, HASH or UNSAFE; for a URL, DOWNLOAD or ABORTED; INPUT for a `key` that is not there.
 *
 * @example
 * ```ts
 * import { readStateDict } from '@cnnzoo/core';
 *
 * const state = await readStateDict('resnet18.pth');
 * const { shape, data } = state.get('fc.bias')!;
 * console.log(shape, data);
 * ```
 */
export async function readStateDict(source: WeightsSource, options: ReadOptions = {}): Promise<StateDict> {
  const { checkReadOptions, readCheckpoint } = await reader();
  checkReadOptions('readStateDict', options);
  const file = await readCheckpoint(source, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
