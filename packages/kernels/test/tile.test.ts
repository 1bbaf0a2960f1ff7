import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';
import { runKernel } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 1 });
});
afterAll(() => acceleration.dispose());

it('as on the cpu backend', async () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const rank = random.integer(1, 4);
    const long = random.integer(0, rank);
    const shape = Array.from({ length: rank }, (_, axis) => (axis < long ? 1 : random.integer(1, 6)));
    const reps = shape.map((_, axis) => (axis <= long || random.integer(0, 3) === 0 ? random.integer(1, 5) : 1));
    const x = random.normal(shape);
    const [ours] = await runKernel('wasm', 'Tile', { x }, { reps });
    const [expected] = await runKernel('cpu', 'Tile', { x }, { reps });
    expect(ours, `${seed}: ${shape} times ${reps}`).toEqual(expected);
  }
});

it('integers too, by the kernel that was replaced', async () => {
  const x = { shape: [2], values: Int32Array.of(1, 2) };
  expect([...(await runKernel('wasm', 'Tile', { x }, { reps: [2] }))[0]!.values]).toEqual([1, 2, 1, 2]);
});
