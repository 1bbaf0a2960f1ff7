import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNorm,
  buildModel,
  globalAvgPool,
  linear,
  maxPool,
  relu,
  sameConv,
  seq,
  useBackend,
} from '../../src/index.js';

describe.each(['wasm', 'cpu'] as const)('a net on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const layers = {
    conv: () => seq({ conv: sameConv(8, 3) }),
    grouped: () => seq({ conv: sameConv(8, 3, { groups: 2, bias: false }) }),
    norm: () => seq({ norm: batchNorm() }),
    linear: () => seq({ pool: globalAvgPool, fc: linear(3) }),
    whole: () =>
      seq({
        conv: sameConv(8, 3, { bias: false }),
        norm: batchNorm(),
        relu,
        pool: maxPool(2),
        mean: globalAvgPool,
        fc: linear(3),
      }),
  };

  it.each(Object.keys(layers) as (keyof typeof layers)[])('%s refuses other channels', (name) => {
    const net = buildModel(`${backend}-${name}`, layers[name](), [null, null, 4]);
    const images = [tf.zeros([2, 6, 6, 1]), tf.zeros([2, 6, 6, 3]), tf.zeros([2, 6, 6, 8]), tf.zeros([2, 6, 6, 5])];
    const { numTensors } = tf.memory();
    for (const image of images)
      for (const training of [false, true])
        expect(() => tf.tidy(() => net.apply(image, { training }) as tf.Tensor), `${image.shape}`).toThrow(
          expect.objectContaining({
            code: 'SHAPE',
            message: expect.stringMatching(/^Layer '.*' expects float32 \[.*, 4\], received /),
          }),
        );
    expect(tf.memory().numTensors).toBe(numTensors);
    const fits = tf.zeros([2, 6, 6, 4]);
    tf.dispose([net.apply(fits) as tf.Tensor, fits, ...images]);
    net.dispose();
  });
});
