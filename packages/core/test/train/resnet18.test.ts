/*
 * ResNet-18, ten steps of 16 images of 64 px, BatchNorm training: PyTorch's losses from the same weights on the same
 * batches. tools/weights/torch/resnet18_steps.py makes the golden.
 */
import { readFileSync } from 'node:fs';
import { resnet18 } from '@cnnzoo/resnet';
import { expect, it } from 'vitest';
import { syntheticCheckpoint, syntheticImage, uniform } from '../../../../test/harness/synthetic.js';
import { PixelsDataset } from '../../src/data/pixels-dataset.js';
import { loadStateDict, stateDict, useBackend } from '../../src/index.js';
import { adamW, sgd, train } from '../../src/train.js';

type Losses = Record<'float32' | 'float64', number[]>;
const golden: Record<'sgd' | 'adamW', Losses> = JSON.parse(
  readFileSync(new URL('goldens/resnet18-steps.json', import.meta.url), 'utf8'),
);

const STEPS = 10;
const BATCH = 16;
const SIZE = 64;
const CLASSES = 10;
const LENGTH = SIZE * SIZE * 3;
const SCALES = { 'bn2.weight': 1 / 4, 'fc.weight': 1 / 8 };

function images(): PixelsDataset {
  const pixels = new Float32Array(STEPS * BATCH * LENGTH);
  for (let i = 0; i < STEPS * BATCH; i++) pixels.set(syntheticImage(SIZE, SIZE, 3, `${i}/`), i * LENGTH);
  return new PixelsDataset({
    pixels,
    shape: [SIZE, SIZE, 3],
    labels: Int32Array.from(uniform('labels', STEPS * BATCH, 0, CLASSES)),
    categories: Array.from({ length: CLASSES }, (_, i) => `${i}`),
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
}

/** ResNet-18 with the weights that the golden starts from. */
async function startingNet() {
  const net = resnet18({ numClasses: CLASSES, inputShape: [SIZE, SIZE, 3] });
  const start = syntheticCheckpoint(await stateDict(net), 'start/');
  for (const [key, { data }] of start)
    for (const [suffix, scale] of Object.entries(SCALES))
      if (key.endsWith(suffix))
        start.set(key, { ...start.get(key)!, data: (data as Float32Array).map((w) => w * scale) });
  await loadStateDict(net, start);
  return net;
}

it.each([
  ['sgd', sgd({ lr: 0.01, momentum: 0.9 })],
  ['adamW', adamW({ lr: 1e-4 })],
] as const)('%s: each loss is within 1e-4 of those of PyTorch', async (name, optimizer) => {
  await useBackend('wasm');
  const net = await startingNet();
  const losses: number[] = [];
  for await (const { loss } of train(net, images(), { optimizer, batchSize: BATCH, shuffle: false })) losses.push(loss);
  net.dispose();
  expect(losses.length).toBe(STEPS);
  for (const [dtype, expected] of Object.entries(golden[name]))
    for (const [step, loss] of losses.entries()) {
      const error = Math.abs(loss - expected[step]!) / expected[step]!;
      expect(error, `step ${step}: ${losses} against ${dtype}'s ${expected}`).toBeLessThanOrEqual(1e-4);
    }
});
