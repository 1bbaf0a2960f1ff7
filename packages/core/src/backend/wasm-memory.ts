import { backend, getBackend } from '@tensorflow/tfjs-core';

/** What is used of tfjs' wasm backend here. */
interface WasmBackend {
  readonly wasm: { _malloc(bytes: number): number; _free(address: number): void };
}

/** Whether a tensor's values are in the backend's own memory once `tf.tensor` is back; others may hold on to the array. */
export const copiesAtOnce = (): boolean => getBackend() === 'wasm';

/**
 * Grows the wasm backend's memory for tensors that are to come: once, where it would grow by steps that cost as much as
 * the copying does. Elsewhere it does nothing.
 */
export function reserveMemory(bytes: number): void {
  if (getBackend() !== 'wasm') return;
  const { wasm } = backend() as unknown as WasmBackend;
  wasm._free(wasm._malloc(bytes));
}
