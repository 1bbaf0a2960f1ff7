import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { Random } from './random.js';
import { errorOf, runKernel } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

const extents = (random: Random, rank: number): number[] => [
  ...Array.from({ length: rank - 1 }, () => random.integer(1, 13)),
  random.pick([1, 2, 3, 4, 5, 15, 16, 17, 64]),
];

describe.each(places)('in %s', (place) => {
  workIn(place);

  it.each(['Sum', 'Mean'])('%s over any axes as on the cpu backend', async (name) => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const rank = random.integer(1, 4);
      const shape = extents(random, rank);
      const first = random.integer(0, Math.max(0, rank - 2));
      const chosen = shape.slice(1 + first).map((_, axis) => first + axis);
      const others = shape.map((_, axis) => axis).filter(() => random.integer(0, 1));
      const axis = random.integer(0, 3) ? chosen : others;
      const x = random.normal(shape, 1);
      const attrs = { axis, keepDims: random.integer(0, 1) === 1 };
      const [ours] = await runKernel('wasm', name, { x }, attrs);
      const [expected] = await runKernel('cpu', name, { x }, attrs);
      const label = `${seed}: ${JSON.stringify({ shape, ...attrs })}`;
      expect(ours!.shape, label).toEqual(expected!.shape);
      expect(errorOf(ours!.values, expected!.values), label).toBeLessThan(1e-6);
    }
  });

  it('sums of 100,352 rows keep their digits', async () => {
    const x = new Random(1).normal([8, 112, 112, 3], 1);
    const expected = new Float64Array(3);
    x.values.forEach((value, i) => {
      expected[i % 3]! += value;
    });
    const [ours] = await runKernel('wasm', 'Sum', { x }, { axis: [0, 1, 2], keepDims: false });
    expect(errorOf(ours!.values, expected)).toBeLessThan(1e-7);
  });

  it.each([[[8, 112, 112, 3]], [[7, 147, 3]], [[1024]], [[1039]]])(
    'everything in [%s] keeps its digits',
    async (shape) => {
      const x = new Random(2).normal(shape, 1);
      const sum = Float64Array.from(x.values).reduce((total, value) => total + value, 0);
      const axis = shape.map((_, i) => i);
      const [ours] = await runKernel('wasm', 'Sum', { x }, { axis, keepDims: true });
      expect(ours!.shape).toEqual(shape.map(() => 1));
      expect(errorOf(ours!.values, [sum])).toBeLessThan(1e-7);
      const [mean] = await runKernel('wasm', 'Mean', { x }, { axis, keepDims: false });
      expect(mean!.shape).toEqual([]);
      expect(errorOf(mean!.values, [sum / x.values.length])).toBeLessThan(1e-7);
      x.values[x.values.length - 1] = Number.NaN;
      const [spoiled] = await runKernel('wasm', 'Sum', { x }, { axis, keepDims: false });
      expect(spoiled!.values[0]).toBeNaN();
    },
  );
});

it('integers are summed as integers', async () => {
  const x = { shape: [2, 2], values: Int32Array.of(1, 2, 3, 4) };
  const [sum] = await runKernel('wasm', 'Sum', { x }, { axis: [0], keepDims: false });
  expect([...sum!.values]).toEqual([4, 6]);
  const [mean] = await runKernel(
    'wasm',
    'Mean',
    { x: { ...x, shape: [1, 2, 2, 1] } },
    { axis: [1, 2], keepDims: false },
  );
  expect([...mean!.values]).toEqual([2.5]);
});

describe('what goes to tfjs', () => {
  it('the mean of booleans, which tells how many answers of a batch are right', () => {
    expect(tf.tidy(() => tf.mean(tf.equal([1, 2, 4, 4], [1, 3, 4, 5])).dataSync()[0])).toBe(0.5);
    expect(tf.tidy(() => [...tf.mean(tf.cast([[1, 0, 1]], 'bool'), 0).dataSync()])).toEqual([1, 0, 1]);
  });

  it.each([
    [
      [32, 32],
      [0, 0],
    ],
    [
      [32, 32],
      [-1, -1],
    ],
    [
      [32, 32],
      [0, -2],
    ],
    [
      [2, 3, 4, 100],
      [0, 0, 0, 0],
    ],
    [
      [4, 8],
      [1, 1],
    ],
  ])('a sum of [%s] over the repeated axes [%s]', async (shape, axis) => {
    const x = new Random(3).normal(shape, 1);
    const [ours] = await runKernel('wasm', 'Sum', { x }, { axis, keepDims: false });
    const [expected] = await runKernel('cpu', 'Sum', { x }, { axis, keepDims: false });
    expect(ours!.shape).toEqual(expected!.shape);
    expect(errorOf(ours!.values, expected!.values)).toBeLessThan(1e-5);
  });
});
