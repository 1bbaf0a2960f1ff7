import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { fromTensors } from '../../../src/data.js';
import { buildModel, globalAvgPool, linear, relu, sameConv, seq, useBackend } from '../../../src/index.js';
import { fit, sgd } from '../../../src/train.js';
import { Random, withRandom } from '../../../src/util/random.js';

const build = (seed: number) =>
  withRandom(new Random(seed), () =>
    buildModel(
      'small',
      seq({ conv1: sameConv(3, 3, { bias: false }), relu, pool: globalAvgPool, fc: linear(2) }),
      [6, 6, 1],
    ),
  );

it('features in a directory are found again by another net of the same weights, and by no other', async () => {
  await useBackend('cpu');
  const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-features-'));
  const [x, y] = [
    tf.randomUniform([4, 6, 6, 1], 0, 1, 'float32', 1) as tf.Tensor4D,
    tf.tensor1d([0, 1, 0, 1], 'int32'),
  ];
  const data = await fromTensors(x, y);
  tf.dispose([x, y]);
  const files = async (seed: number): Promise<number> => {
    const net = build(seed);
    const options = { optimizer: sgd({ lr: 0.1 }), freeze: ['conv1'], features: { directory } };
    await fit(net, data, options);
    net.dispose();
    return (await readdir(directory)).length;
  };
  expect(await files(1)).toBe(1);
  expect(await files(1)).toBe(1);
  expect(await files(2)).toBe(2);
  await rm(directory, { recursive: true });
});
