import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 1 });
});
afterAll(() => acceleration.dispose());

const run = (logits: Values, labels: Values, labelSmoothing = 0) =>
  runKernel('wasm', 'CnnzooSoftmaxCrossEntropy', { logits, labels }, { labelSmoothing });

const row = (...values: number[]): Values => ({ shape: [1, values.length], values: Float32Array.from(values) });
const label = (...values: number[]): Values => ({ shape: [values.length], values: Int32Array.from(values) });

it('loss and gradient as the definition has them, in double precision', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const [n, classes] = [random.pick([1, 2, 33]), random.pick([1, 2, 3, 10, 101, 1000])];
    const logits = random.normal([n, classes], random.pick([0, 500, -1e4]), random.pick([0.1, 3]));
    const smoothing = random.pick([0, 0.1]);
    const labels = label(...Array.from({ length: n }, () => random.integer(0, classes - 1)));
    const given = random.normal([n, classes]);
    for (let i = 0; i < n * classes; i++) given.values[i] = given.values[i]! ** 2 / classes;
    for (const targets of [labels, given]) {
      const loss = new Float64Array(n);
      const gradient = new Float64Array(n * classes);
      for (let i = 0; i < n; i++) {
        const z = Array.from(logits.values.subarray(i * classes, (i + 1) * classes));
        const largest = Math.max(...z);
        const logSum = Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest;
        const q = z.map((_, c) => {
          const wanted = targets === labels ? Number(labels.values[i] === c) : given.values[i * classes + c]!;
          return (1 - smoothing) * wanted + smoothing / classes;
        });
        const total = q.reduce((sum, value) => sum + value, 0);
        z.forEach((value, c) => {
          loss[i]! += q[c]! * (logSum - value);
          gradient[i * classes + c] = Math.exp(value - logSum) * total - q[c]!;
        });
      }
      const [ours, ourGradient] = await run(logits, targets, smoothing);
      expect(ours!.shape).toEqual([n]);
      expect(ourGradient!.shape).toEqual([n, classes]);
      // The loss of a single class is 0, except for the rounding of its logit.
      if (classes > 1) expect(errorOf(ours!.values, loss), `${seed}`).toBeLessThan(1e-6);
      if (classes > 1) expect(errorOf(ourGradient!.values, gradient), `${seed}`).toBeLessThan(1e-6);
      else expect(ours!.values.every((value) => Math.abs(value) < 1e-9)).toBe(true);
    }
  }
});

it('is exact for logits of any size, and nothing is asked of what is impossible', async () => {
  const [loss, gradient] = await run(row(1e30, -1e30, Number.NEGATIVE_INFINITY), label(0));
  expect([...loss!.values]).toEqual([0]);
  expect([...gradient!.values]).toEqual([0, 0, 0]);
  expect((await run(row(0, Number.NEGATIVE_INFINITY), label(1)))[0]!.values[0]).toBe(Number.POSITIVE_INFINITY);
});

it('NaN and an infinite logit make NaN', async () => {
  for (const values of [row(1, Number.NaN, 2), row(1, Number.POSITIVE_INFINITY, 2)]) {
    const [loss, gradient] = await run(values, label(0));
    expect(loss!.values[0]! > 1e9 || Number.isNaN(loss!.values[0])).toBe(true);
    expect(gradient!.values.some(Number.isNaN)).toBe(true);
  }
});

it('refuses what does not fit, saying what', async () => {
  await expect(run(row(1, 2), label(0, 1))).rejects.toThrow(/labels int32 \[1\], .* not int32 \[2\]/);
  await expect(run(row(1, 2), label(2))).rejects.toThrow(/labels from 0 to 1, not 2/);
  await expect(run({ shape: [2], values: Float32Array.of(1, 2) }, label(0))).rejects.toThrow(/float32 \[2\]/);
});
