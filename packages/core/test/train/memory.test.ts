import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expect, it, vi } from 'vitest';
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
import { fit, mixup, sgd, train } from '../../src/train.js';
import { easyImages, noise } from './nets.js';

const STEPS = 300;
/** Number of steps of fit, which takes the steps of train and keeps more. */
const FIT_STEPS = process.env.CNNZOO_SLOW === '1' ? 10_000 : 300;
/** From here on nothing grows. */
const WARM = 100;

setFlagsFromString('--expose-gc');
/** Frees what nothing refers to any more: a busy machine collects late, and that is no leak. */
const collect = runInNewContext('gc') as () => void;

const held = () => {
  collect();
  return {
    tensors: tf.memory().numTensors,
    bytes: tf.memory().numBytes,
    rss: process.memoryUsage.rss() / 2 ** 20,
  };
};

function tinyNet(): LayersModel {
  return buildModel(
    'tiny',
    seq({
      conv: sameConv(24, 3, { bias: false }),
      bn: batchNorm(),
      relu,
      maxpool: maxPool(2, 2, 1),
      conv2: sameConv(24, 3, { bias: false }),
      bn2: batchNorm(),
      avgpool: globalAvgPool,
      fc: linear(4),
    }),
    [6, 5, 1],
  );
}

it(`${STEPS} steps take no more memory than the first ones`, async () => {
  await useBackend('wasm');
  const net = tinyNet();
  const data = easyImages(40);
  const options = { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 16, epochs: Math.ceil(STEPS / 3) };
  // tfjs' memory and that of the kernels.
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  let warm: { tensors: number; bytes: number; rss: number } | undefined;
  for await (const { step, steps } of train(net, data, options)) {
    if (step === WARM) {
      warm = held();
      expect(grow).toHaveBeenCalled();
      grow.mockClear();
    }
    if (warm && (step === steps - 1 || step % 500 === 0)) {
      const now = held();
      expect(now, `step ${step}`).toMatchObject({ tensors: warm.tensors, bytes: warm.bytes });
      // The margin is for memory that the system has not taken back yet.
      expect(now.rss, `step ${step}`).toBeLessThan(warm.rss + 96);
    }
  }
  expect(warm).toBeDefined();
  expect(grow).not.toHaveBeenCalled();
  grow.mockRestore();
  net.dispose();
});

it(`${FIT_STEPS} steps of fit take no more memory than the first ones`, async () => {
  await useBackend('wasm');
  const net = tinyNet();
  const [data, validation] = [await noise(160, 1), await noise(20, 2)];
  const seen: ReturnType<typeof held>[] = [];
  await fit(net, data, {
    optimizer: sgd({ lr: 0.01, momentum: 0.9 }),
    batchSize: 16,
    epochs: Math.ceil(FIT_STEPS / 10),
    validation,
    ema: { decay: 0.9 },
    mix: mixup(0.2),
    clipNorm: 1,
    onEpoch: () => seen.push(held()),
  });
  const warm = seen[WARM / 10 - 1]!;
  for (const now of seen.slice(WARM / 10)) {
    expect(now).toMatchObject({ tensors: warm.tensors, bytes: warm.bytes });
    expect(now.rss).toBeLessThan(warm.rss + 96);
  }
  net.dispose();
});
