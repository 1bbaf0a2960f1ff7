import { findBackend } from '@tensorflow/tfjs-core';

/** Loses the GPU of a backend, as a crash of its driver does. While weights move, another backend is the current one. */
export function lose(name: 'webgl' | 'webgpu'): void {
  const gpu = findBackend(name) as unknown as {
    readonly device?: { destroy(): void };
    readonly gpgpu?: { readonly gl: WebGLRenderingContext };
  };
  gpu.device?.destroy();
  gpu.gpgpu?.gl.getExtension('WEBGL_lose_context')?.loseContext();
}
