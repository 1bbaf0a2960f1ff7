import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { buildModel, globalAvgPool, linear, Random, relu, sameConv, seq, useBackend } from '../../src/index.js';
import { sgd, train } from '../../src/train.js';
import { InOrder, weightValues } from './nets.js';

const { Memory } = WebAssembly;

/** Memory that may grow by 1 MB only. */
class SmallMemory extends Memory {
  constructor({ initial, ...rest }: WebAssembly.MemoryDescriptor) {
    super({ ...rest, initial, maximum: initial + 16 });
  }
}

/** Starts the kernels in it; that of tfjs stands already. */
async function useSmallMemory(): Promise<void> {
  await tf.setBackend('wasm');
  WebAssembly.Memory = SmallMemory;
  try {
    await useBackend('wasm');
  } finally {
    WebAssembly.Memory = Memory;
  }
}

it('where the kernels get no more memory, an error says so and the net is as it was', async () => {
  await useSmallMemory();
  const net = buildModel(
    'wide',
    seq({
      conv: sameConv(4, 3, { bias: false }),
      relu,
      conv2: sameConv(64, 5, { stride: 2, bias: false }),
      relu2: relu,
      pool: globalAvgPool,
      fc: linear(4),
    }),
    [40, 40, 3],
  );
  const random = new Random(1);
  const images = [...random.fillNormal(new Float32Array(16 * 40 * 40 * 3))];
  const data = new InOrder(
    images,
    [40, 40, 3],
    [...images.keys()].slice(0, 16).map((i) => i % 4),
  );
  const run = async (batchSize: number): Promise<number> => {
    let steps = 0;
    for await (const _ of train(net, data, { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize })) steps++;
    return steps;
  };
  const [before, { numTensors }] = [await weightValues(net), tf.memory()];
  await expect(run(16)).rejects.toThrow(/needs \d+ MB of memory for its kernels, but only \d+ MB were granted\. Use/);
  expect(await weightValues(net)).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors);
  // Smaller batches, as it says, find room.
  expect(await run(1)).toBe(16);
  expect(await weightValues(net)).not.toEqual(before);
  net.dispose();
});
