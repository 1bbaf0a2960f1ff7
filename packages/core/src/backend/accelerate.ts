import type { KernelName } from '@cnnzoo/kernels';
import { getBackend, getKernel } from '@tensorflow/tfjs-core';
import { warn } from '../warn.js';

/**
 * Puts kernels of our own behind the backend that is set, where it lacks them: those of @cnnzoo/kernels behind tfjs' wasm
 * backend, which can't train by itself and has one thread in Node; TensorFlow's own behind tfjs-node. Kernels that the
 * caller has put there stay.
 */
export async function accelerateBackend(): Promise<void> {
  const name = getBackend();
  if (name === 'tensorflow') (await import('./native-kernels.js')).registerNativeKernels();
  if (name !== 'wasm' || getKernel('CnnzooConv2D' satisfies KernelName, 'wasm')) return;
  const { accelerate } = await import('@cnnzoo/kernels');
  try {
    await accelerate();
  } catch (error) {
    warn(`Nets run slower here and can't be trained: ${(error as Error).message}`);
  }
}
