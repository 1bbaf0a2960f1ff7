import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../../src/index.js';
import { Random } from '../../src/util/random.js';

type Pad = 'same' | 'valid' | [[number, number], [number, number], [number, number], [number, number]];
type Shape4D = [number, number, number, number];

beforeAll(async () => {
  await tf.setBackend('wasm');
  await useBackend('wasm');
});

const explicit = (top: number, bottom: number, left: number, right: number): Pad => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

/** Returns the gradients of sum(weights * op(x, filter)) on one backend. */
async function gradients(
  backend: 'cpu' | 'wasm',
  shapes: readonly Shape4D[],
  op: (...inputs: tf.Tensor4D[]) => tf.Tensor,
  draw: (random: Random, out: Float32Array) => Float32Array = (random, out) => random.fillNormal(out),
): Promise<{ shape: number[]; values: Float32Array }[]> {
  await tf.setBackend(backend);
  const random = new Random(7);
  const make = (shape: number[]) => tf.tensor(draw(random, new Float32Array(shape.reduce((a, b) => a * b))), shape);
  return tf.tidy(() => {
    const inputs = shapes.map((shape) => make(shape) as tf.Tensor4D);
    const output = op(...inputs);
    const dy = tf.tensor(random.fillNormal(new Float32Array(output.size)), output.shape);
    const all = tf.grads((...each: tf.Tensor[]) => op(...(each as tf.Tensor4D[])))(inputs, dy);
    return all.map((gradient) => ({ shape: gradient.shape, values: gradient.dataSync().slice() as Float32Array }));
  });
}

async function expectSame(...args: Parameters<typeof gradients> extends [unknown, ...infer R] ? R : never) {
  const expected = await gradients('cpu', ...args);
  const received = await gradients('wasm', ...args);
  expect(received.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [i, { values }] of expected.entries()) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = values.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - received[i]!.values[at]!)),
      0,
    );
    expect(largest).toBeGreaterThan(0);
    expect(difference / largest).toBeLessThanOrEqual(1e-5);
  }
}

const geometries: [x: Shape4D, filter: [number, number], strides: [number, number], pad: Pad][] = [
  [[2, 9, 7, 3], [3, 3], [1, 1], 'same'],
  [[2, 9, 7, 3], [3, 3], [2, 2], 'same'],
  [[1, 8, 8, 1], [5, 5], [1, 1], 'valid'],
  [[1, 1, 1, 2], [1, 1], [1, 1], 'valid'],
  [[3, 10, 11, 5], [2, 2], [2, 2], 'valid'],
  [[2, 11, 13, 4], [3, 5], [2, 3], 'same'],
  [[2, 12, 10, 3], [7, 7], [2, 2], explicit(3, 3, 3, 3)],
  [[1, 9, 9, 4], [1, 1], [2, 2], explicit(0, 0, 0, 0)],
  [[2, 8, 9, 4], [3, 3], [2, 2], explicit(0, 1, 0, 1)],
  [[2, 7, 8, 2], [3, 2], [3, 2], explicit(2, 0, 1, 3)],
  // Padding reaches further than the kernel, and some pixels are in no window.
  [[1, 5, 6, 2], [2, 2], [1, 1], explicit(3, 2, 2, 4)],
  [[2, 13, 12, 2], [2, 3], [4, 5], 'valid'],
];

it.each(geometries)(
  'convolution of [%s], filter [%s], strides [%s], pad %j: both gradients are those of the cpu backend',
  (x, filter, strides, pad) =>
    expectSame([x, [...filter, x[3], 6]], (a, f) => tf.conv2d(a!, f!, strides, pad as 'same')),
);

// tfjs has no depthwise convolution with different strides for rows and columns.
it.each(geometries.filter(([, , [rows, columns]]) => rows === columns))(
  'depthwise convolution of [%s], filter [%s], strides [%s], pad %j: the same',
  async (x, filter, strides, pad) => {
    for (const multiplier of [1, 3])
      await expectSame([x, [...filter, x[3], multiplier]], (a, f) =>
        tf.depthwiseConv2d(a!, f!, strides, pad as 'same'),
      );
  },
);

// A window inside the padding has no largest value.
const sees = ([, filter, , pad]: (typeof geometries)[number]) =>
  typeof pad === 'string' || Math.max(...pad.flat()) < Math.min(...filter);

it.each(geometries.filter(sees))(
  'max pooling of [%s], window [%s], strides [%s], pad %j, of values of both signs, negative ones, many equal ones',
  async (x, filter, strides, pad) => {
    const pool = (a?: tf.Tensor4D) => tf.maxPool(a!, filter, strides, pad as 'same');
    await expectSame([x], pool);
    await expectSame([x], pool, (random, out) => random.fillNormal(out, -3, 0.5));
    await expectSame([x], pool, (random, out) => out.map(() => random.integer(2)));
  },
);

it('leaves kernels alone that were registered before, and its own where called again', async () => {
  const before = tf.getKernel('Conv2DBackpropFilter', 'wasm');
  await useBackend('wasm');
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBe(before);
});
