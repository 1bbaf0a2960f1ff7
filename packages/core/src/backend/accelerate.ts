import type { KernelName } from '@cnnzoo/kernels';
import { engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import { warn } from '../util/index.js';
import { guardOf } from './gpu.js';
import { checkFitsGpu } from './gpu-limits.js';
import { isHalfPrecision } from './half-precision.js';
import { weightCheck } from './weight-check.js';

/**
 * Prepares the current backend. tfjs' wasm backend, which alone can't train and has one thread in Node, gets the kernels
 * of @cnnzoo/kernels, and tfjs-node gets TensorFlow's own. Kernels that the caller has registered stay. The webgl and
 * webgpu backends get a guard, which notices a lost GPU, and webgpu a kernel that tfjs' own gets wrong.
 * WebGL without float32 is warned of.
 */
export async function accelerateBackend(): Promise<void> {
  const name = getBackend();
  weightCheck.current = checkFitsGpu;
  const current = engine().registry[name];
  if (current) guardOf(current);
  if (isHalfPrecision())
    warn(
      "The backend 'webgl' keeps tensors as float16 on this GPU: answers are less exact, and no net can be trained. " +
        "'webgpu' and 'wasm' compute with float32.",
    );
  if (name === 'webgpu') (await import('./webgpu-kernels.js')).repairWebgpuKernels();
  if (name === 'tensorflow') (await import('./native-kernels.js')).registerNativeKernels();
  if (name !== 'wasm' || getKernel('CnnzooConv2D' satisfies KernelName, 'wasm')) return;
  const { accelerate } = await import('@cnnzoo/kernels');
  try {
    await accelerate();
  } catch (error) {
    warn(`Nets run slower here and can't be trained: ${(error as Error).message}`);
  }
}
