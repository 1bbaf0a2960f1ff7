import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import { warn } from '../warn.js';

/**
 * Puts the kernels of @cnnzoo/kernels behind tfjs' wasm backend, where that is the one that is set: its own can't train,
 * and have one thread in Node. Kernels that the caller has put there stay.
 */
export async function accelerateWasm(): Promise<void> {
  if (getBackend() !== 'wasm' || getKernel('CnnzooConv2D', 'wasm')) return;
  const { accelerate } = await import('@cnnzoo/kernels');
  try {
    await accelerate();
  } catch (error) {
    warn(`Nets run slower here and can't be trained: ${(error as Error).message}`);
  }
}
