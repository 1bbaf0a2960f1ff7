import { backend } from '@tensorflow/tfjs-core';

/** Loses the GPU of the current backend, as a crash of its driver does. */
export function lose(): void {
  const gpu = backend() as unknown as {
    readonly device?: { destroy(): void };
    readonly gpgpu?: { readonly gl: WebGLRenderingContext };
  };
  gpu.device?.destroy();
  gpu.gpgpu?.gl.getExtension('WEBGL_lose_context')?.loseContext();
}
