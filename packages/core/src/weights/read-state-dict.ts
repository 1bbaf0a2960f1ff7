import type { ReadOptions, StateDict, TensorFile, WeightsSource } from './tensors.js';

/** The values of all tensors of an opened checkpoint. */
export async function readAll(file: TensorFile): Promise<StateDict> {
  const state: StateDict = new Map();
  for (const [key, tensor] of file.tensors) state.set(key, await tensor.read());
  return state;
}

/**
 * Reads a checkpoint (safetensors, `.pth`, a state dict): key -> { shape, dtype, data }, in PyTorch's layout. Needs no
 * backend, and holds no tf tensor.
 * @throws CnnzooError FILE, FORMAT, HASH or UNSAFE; for a URL, DOWNLOAD or ABORTED.
 */
export async function readStateDict(source: WeightsSource, options: ReadOptions = {}): Promise<StateDict> {
  const { checkReadOptions, openTensors } = await import('./open.js');
  checkReadOptions('readStateDict', options);
  const file = await openTensors(source, options);
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}
