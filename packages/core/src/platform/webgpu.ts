import { MissingBackend } from './contract.js';

interface Gpu {
  requestAdapter(options: { powerPreference: 'high-performance' }): Promise<object | null>;
}

/** Returns `navigator.gpu`: WebGPU, in a page or, once it is loaded, in Node. undefined if there is none. */
export const gpuOf = (): Gpu | undefined => (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;

/** @throws MissingBackend with `message` and `advice` if WebGPU finds no GPU. */
export async function requireAdapter(message: string, advice: string): Promise<void> {
  // tfjs asks with the same option, and takes it for granted that there is an adapter.
  if (!(await gpuOf()?.requestAdapter({ powerPreference: 'high-performance' })))
    throw new MissingBackend(message, advice);
}
