import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { useBackend } from '../../src/index.js';
import { clipByGlobalNorm } from '../../src/train/loop/gradients.js';

beforeAll(() => useBackend('cpu'));
afterEach(() => {
  tf.disposeVariables();
});

const gradientsOf = (...values: number[][]) =>
  values.map((each, i) => ({
    key: `${i}`,
    variable: tf.tidy(() => tf.variable(tf.zeros([each.length]))),
    gradient: tf.tensor1d(each),
  }));

it('scales all by one factor where their common norm is too large', async () => {
  const clipped = await clipByGlobalNorm(gradientsOf([3, 0], [0, 0, 4]), 2);
  expect(tf.memory().numTensors).toBe(4);
  const [first, second] = clipped.map(({ gradient }) => gradient.dataSync());
  const factor = 2 / (5 + 1e-6);
  expect([...first!]).toEqual([Math.fround(3 * factor), 0]);
  expect([...second!]).toEqual([0, 0, Math.fround(4 * factor)]);
  expect(clipped.map(({ key }) => key)).toEqual(['0', '1']);
  tf.dispose(clipped.map(({ gradient }) => gradient));
});

it('leaves smaller ones as they are', async () => {
  const gradients = gradientsOf([3, 4]);
  expect(await clipByGlobalNorm(gradients, 6)).toBe(gradients);
  expect([...gradients[0]!.gradient.dataSync()]).toEqual([3, 4]);
  tf.dispose(gradients.map(({ gradient }) => gradient));
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a gradient of %d', async (value) => {
  const gradients = gradientsOf([1], [value]);
  await expect(clipByGlobalNorm(gradients, 1)).rejects.toMatchObject({ code: 'TRAINING' });
  tf.dispose(gradients.map(({ gradient }) => gradient));
});
