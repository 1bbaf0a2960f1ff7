import { env, getBackend } from '@tensorflow/tfjs-core';

/** Returns true if the current backend keeps tensors as float16: WebGL on GPUs that can't draw into float32 textures. */
export const isHalfPrecision = (): boolean =>
  getBackend() === 'webgl' && !env().getBool('WEBGL_RENDER_FLOAT32_ENABLED');
