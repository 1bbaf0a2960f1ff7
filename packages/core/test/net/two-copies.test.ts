import { createRequire } from 'node:module';
import { compile, featurePyramid, stateDict, summary, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { evaluate, sgd, train } from '@cnnzoo/core/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { featuresOf, tapOf } from '../../src/graph/taps.js';

// As in a program with the package @tensorflow/tfjs, whose bundle contains tfjs-layers a second time.
let model: LayersModel;
beforeAll(async () => {
  await useBackend();
  const require = createRequire(import.meta.url);
  const path = require.resolve('@tensorflow/tfjs-layers');
  const kept = require.cache[path];
  delete require.cache[path];
  const { layers, sequential } = require(path) as typeof import('@tensorflow/tfjs-layers');
  if (kept) require.cache[path] = kept;
  model = sequential({
    layers: [
      layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 1] }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
  });
});
afterAll(() => void model.dispose());

it('a net of another copy of tfjs-layers is refused where layers are added to it, with the reason', async () => {
  const refusal = {
    code: 'INPUT',
    message: expect.stringContaining('of another copy. Import no @tensorflow/tfjs beside it.'),
  };
  await expect(compile(model)).rejects.toMatchObject(refusal);
  expect(() => featurePyramid(model)).toThrow(expect.objectContaining(refusal));
  expect(() => tapOf(model, [model.layers[0]!.name])).toThrow(expect.objectContaining(refusal));
  expect(() => featuresOf(model)).toThrow(expect.objectContaining(refusal));
});

it('elsewhere it is a net like any other', async () => {
  expect(summary(model).parameters).toBe(4 * 9 + 4 + 144 * 3 + 3);
  const saved = await stateDict(model);
  expect(saved.size).toBe(4);
  const { data, labels } = { data: tf.buffer([6, 8, 8, 1]), labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32') };
  for (let i = 0; i < 6; i++) for (let x = 0; x < 8; x++) data.set(1, i, 2 * (i % 3), x, 0);
  const images = data.toTensor() as tf.Tensor4D;
  const rows = await fromTensors(images, labels, { normalized: true });
  tf.dispose([images, labels]);
  const before = await evaluate(model, rows);
  for await (const _ of train(model, rows, { optimizer: sgd({ lr: 0.05 }), batchSize: 6, epochs: 10 }));
  expect((await evaluate(model, rows)).loss).toBeLessThan(before.loss);
});
