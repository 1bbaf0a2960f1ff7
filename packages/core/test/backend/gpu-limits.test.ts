import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { guardOf } from '../../src/backend/gpu.js';
import { PixelsDataset } from '../../src/data.js';
import { buildModel } from '../../src/graph/index.js';
import { useBackend } from '../../src/index.js';
import { conv, flatten, globalAvgPool, linear, seq } from '../../src/layers/index.js';
import { fit, sgd, train } from '../../src/train.js';

/** Side of the largest texture of the GPU that stands in. */
const SIDE = 64;

// 64 x 70 and 9 x 9 x 1 x 64 values are more than 64 x 64; 64 x 64 values are not.
const wide = () => buildModel('wide', seq({ flat: flatten, fc: linear(70) }), [8, 8, 1]);
const deep = () => buildModel('deep', seq({ conv: conv(64, 9), pool: globalAvgPool, fc: linear(2) }), [9, 9, 1]);
const fitting = () => buildModel('fitting', seq({ flat: flatten, fc: linear(64) }), [8, 8, 1]);

/** tfjs' cpu backend in the place of a GPU's. */
function standIn(): MathBackendCPU {
  const device = { limits: { maxStorageBufferBindingSize: 4 * SIDE * SIDE }, lost: new Promise(() => {}) };
  const backend = new MathBackendCPU();
  return Object.assign(backend, { device: Object.assign(new EventTarget(), device), tensorMap: backend.data });
}

beforeAll(async () => {
  for (const kernel of tf.getKernelsForBackend('cpu'))
    for (const backendName of ['webgl', 'webgpu']) tf.registerKernel({ ...kernel, backendName });
  for (const name of ['webgl', 'webgpu']) tf.registerBackend(name, standIn);
  tf.env().registerFlag('WEBGL_MAX_TEXTURE_SIZE', () => SIDE);
  tf.env().registerFlag('WEBGL_RENDER_FLOAT32_ENABLED', () => true);
});

afterEach(() => tf.setBackend('cpu'));
afterAll(() => {
  for (const name of ['webgl', 'webgpu']) tf.removeBackend(name);
});

describe.each(['webgl', 'webgpu'])('%s', (name) => {
  it('refuses weights that are too large for its GPU, by their names', async () => {
    await tf.setBackend(name);
    await useBackend();
    for (const [build, key] of [
      [wide, 'fc.weight'],
      [deep, 'conv.weight'],
    ] as const)
      expect(build).toThrow(
        expect.objectContaining({
          code: 'BACKEND',
          message: expect.stringMatching(new RegExp(`'${key}', .*'${name}' has at most 4096 .*useBackend\\('wasm'\\)`)),
        }),
      );
    fitting().dispose();
  });
});

it('has no limit on other backends', async () => {
  await tf.setBackend('cpu');
  wide().dispose();
});

it('tells a tensor that is too large in the middle of a net', async () => {
  const text = 'Requested texture size [80x80] greater than WebGL maximum on this browser / GPU [64x64].';
  const backend = Object.assign(standIn(), {
    uploadToGPU() {
      throw new Error(text);
    },
  });
  guardOf(backend);
  expect(() => backend.uploadToGPU()).toThrow(
    expect.objectContaining({ code: 'BACKEND', message: expect.stringMatching(/80x80.*smaller batches/) }),
  );
});

describe('float16 textures', () => {
  it('are warned of, and train nothing', async () => {
    tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', false);
    const warning = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      await tf.setBackend('webgl');
      await useBackend();
      expect(warning).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('float16'));
      const net = buildModel('net', seq({ flat: flatten, fc: linear(2) }), [2, 2, 1]);
      const data = new PixelsDataset({
        pixels: new Uint8Array(8),
        shape: [2, 2, 1],
        labels: Uint8Array.of(0, 1),
        categories: ['a', 'b'],
        mean: [0],
        std: [1],
      });
      const options = { optimizer: sgd({ lr: 0.1 }), epochs: 1 };
      const error = expect.objectContaining({ code: 'BACKEND', message: expect.stringMatching(/float16.*webgpu/) });
      await expect(train(net, data, options).next()).rejects.toThrow(error);
      await expect(fit(net, data, options)).rejects.toThrow(error);
      net.dispose();
    } finally {
      warning.mockRestore();
      tf.env().set('WEBGL_RENDER_FLOAT32_ENABLED', true);
    }
  });
});
