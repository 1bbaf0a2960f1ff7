import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { Random } from './random.js';
import { runKernel } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

/** Passes the gradient where y is NaN, as torch.ops.aten.threshold_backward. */
const passed = (dy: number, y: number): number => (y <= 0 ? 0 : dy);

describe.each(places)('the gradient of a ReLU in %s', (place) => {
  workIn(place);

  it.each([[0], [1], [3], [4], [2, 5, 7], [3, 33_333]].map((shape) => ({ shape })))('$shape', async ({ shape }) => {
    const random = new Random(shape.length);
    const [dy, y] = [random.normal(shape), random.normal(shape)];
    for (let i = 0; i < y.values.length; i++) y.values[i] = Math.max(0, y.values[i]!);
    if (y.values.length > 2) y.values[1] = Number.NaN;
    const [dx] = await runKernel('wasm', 'CnnzooReluGrad', { dy, y }, {});
    expect(dx!.shape).toEqual(shape);
    expect([...dx!.values]).toEqual([...dy.values].map((value, i) => passed(value, y.values[i]!)));
  });
});

it('refuses a dy of another shape', async () => {
  const random = new Random(1);
  const [dy, y] = [random.normal([3]), random.normal([2, 3])];
  await expect(runKernel('wasm', 'CnnzooReluGrad', { dy, y }, {})).rejects.toThrow(
    /dy of y's shape \[2,3\], not \[3\]/,
  );
});
