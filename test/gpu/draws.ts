import { compile, useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Programs that the GPU runs for one answer of ResNet-50 and of the same net compiled. */
export interface Draws {
  readonly plain: number;
  readonly compiled: number;
}

/**
 * Counts WebGL's draws, or WebGPU's dispatches, of the second forward pass of ResNet-50 on one square image: the first uploads
 * the weights.
 *
 * @param size height and width in pixels.
 */
export async function draws(gpu: 'webgl' | 'webgpu', size: number): Promise<Draws> {
  await useBackend(gpu);
  let count = 0;
  const backend = tf.backend() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const isWebGpu = gpu === 'webgpu';
  // Both make one draw or dispatch a call.
  const method = isWebGpu ? 'runWebGPUProgram' : 'runWebGLProgram';
  const original = backend[method]!;
  backend[method] = function (this: unknown, ...args) {
    count++;
    // A whole dispatch in software is slow, and the number needs no values: one workgroup.
    if (isWebGpu) (args[0] as { dispatch: number[] }).dispatch = [1, 1, 1];
    return original.apply(this, args);
  };
  const x = tf.fill([1, size, size, 3], 0.5);
  const secondOf = async (net: LayersModel): Promise<number> => {
    for (let i = 0; i < 2; i++) {
      count = 0;
      const y = net.predict(x) as tf.Tensor;
      await y.data();
      y.dispose();
    }
    return count;
  };
  try {
    const net = resnet50({ seed: 0, inputShape: [size, size, 3] });
    const plain = await secondOf(net);
    const fused = await compile(net);
    net.dispose();
    const compiled = await secondOf(fused);
    fused.dispose();
    return { plain, compiled };
  } finally {
    x.dispose();
    backend[method] = original;
  }
}
