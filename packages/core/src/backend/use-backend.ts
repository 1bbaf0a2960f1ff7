import type { BackendName, UseBackendOptions } from './choose.js';

export type { BackendName, UseBackendOptions };

/**
 * Sets the TensorFlow.js backend that computes tensors, and registers the kernels of cnnzoo for it. Nets that exist move
 * to it with their weights, also in the middle of a training. If it can't be used, the current backend stays.
 *
 * Without a name, the default is what is fastest for small work: a native backend if one is installed and able to
 * compute, else wasm. A GPU ('webgpu', 'webgl') takes some milliseconds for each call, however small, so it pays for nets
 * of the size of ResNet-18 and larger, for batches, and for training; LeNet and the nets for CIFAR-10 classify one image
 * sooner on wasm. Time both where it matters.
 *
 * - 'webgpu' and 'webgl' in a page: install `@tensorflow/tfjs-backend-webgpu` or `-webgl`, and import it in the page.
 * - 'webgpu' in Node: install `webgpu` and `@tensorflow/tfjs-backend-webgpu`. Only this call loads them, and sets
 *   WebGPU's globals.
 *
 * If a GPU is lost (the driver restarts, the system sleeps), calls that need it reject with code BACKEND. This function
 * then starts the backend anew. Nets whose weights were on the GPU stay unusable: build or load them again.
 *
 * @param name a name, or names in order of preference: the first that works is taken, and names of other platforms are
 * passed over. Default: the current backend; if there is none, or its GPU is lost, the names of the latest call that
 * chose one, else (Node) those of the environment variable `CNNZOO_BACKEND`, as `webgpu,wasm`, else the first that works
 * of tfjs-node-gpu, tfjs-node (if installed), wasm and cpu.
 * @returns the backend's name. It may be another than a `BackendName` if the caller has set a backend of another
 * package.
 * @throws CnnzooError BACKEND if a name is unknown, or none of the named backends can be used: the message says of each
 * why, and what helps; INPUT for unknown options, an empty list, or a name twice.
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 *
 * const name = await useBackend(['webgpu', 'webgl', 'wasm']); // 'wasm', where there is no GPU
 * ```
 */
export async function useBackend(
  name?: BackendName | readonly BackendName[],
  options: UseBackendOptions = {},
): Promise<string> {
  // The code that starts a backend stays out of what a page loads to build a net.
  return (await import('./choose.js')).chooseInTurn(name, options);
}
