import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

interface Case {
  readonly batch: [number, number];
  readonly rows: number;
  readonly terms: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Computes the product in float64. An operand of one matrix serves the whole batch. */
function reference({ batch, rows, terms, columns, transposeA, transposeB }: Case, a: Values, b: Values): Float64Array {
  const size = Math.max(...batch);
  const result = new Float64Array(size * rows * columns);
  for (let n = 0; n < size; n++) {
    const [fromA, fromB] = [(n % batch[0]) * rows * terms, (n % batch[1]) * terms * columns];
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < terms; k++) {
        const left = a.values[fromA + (transposeA ? k * rows + i : i * terms + k)]!;
        for (let j = 0; j < columns; j++)
          result[(n * rows + i) * columns + j]! +=
            left * b.values[fromB + (transposeB ? j * terms + k : k * columns + j)]!;
      }
  }
  return result;
}

const operands = (random: Random, { batch, rows, terms, columns, transposeA, transposeB }: Case) => ({
  a: random.normal([batch[0], ...(transposeA ? [terms, rows] : [rows, terms])]),
  b: random.normal([batch[1], ...(transposeB ? [columns, terms] : [terms, columns])]),
});

describe.each([
  [false, false],
  [false, true],
  [true, false],
  [true, true],
])('transposed: %s, %s', (transposeA, transposeB) => {
  it('products of random shapes, against float64', async () => {
    for (let seed = 0; seed < 80; seed++) {
      const random = new Random(seed);
      const extent = () => random.pick([1, 2, 3, 15, 16, 17, random.integer(1, 70), random.integer(1, 500)]);
      const batch = random.pick([
        [1, 1],
        [1, 1],
        [3, 3],
        [3, 1],
        [1, 3],
      ] as const);
      const c = {
        batch: [...batch],
        rows: extent(),
        terms: extent(),
        columns: extent(),
        transposeA,
        transposeB,
      } as Case;
      const { a, b } = operands(random, c);
      const [product] = await runKernel('wasm', 'BatchMatMul', { a, b }, { transposeA, transposeB });
      expect(product!.shape).toEqual([Math.max(...c.batch), c.rows, c.columns]);
      expect(errorOf(product!.values, reference(c, a, b)), JSON.stringify(c)).toBeLessThan(1e-6);
    }
  });

  it('with bias and activation', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const c: Case = {
        batch: [1, 1],
        rows: random.integer(1, 40),
        terms: random.integer(1, 40),
        columns: random.integer(1, 40),
        transposeA,
        transposeB,
      };
      const { a, b } = operands(random, c);
      const bias = random.normal([c.columns], 0, 5);
      const [product] = await runKernel(
        'wasm',
        '_FusedMatMul',
        { a, b, bias },
        { transposeA, transposeB, activation: 'relu6' },
      );
      const expected = reference(c, a, b).map((value, i) =>
        Math.min(6, Math.max(0, value + bias.values[i % c.columns]!)),
      );
      expect(errorOf(product!.values, expected), JSON.stringify(c)).toBeLessThan(2e-6);
    }
  });

  it('matrices that are copied in by the piece', async () => {
    for (const [terms, columns] of [
      [3001, 1003],
      [40_000, 70],
      [70, 40_000],
    ] as const) {
      const random = new Random(terms);
      const c: Case = { batch: [1, 1], rows: 2, terms, columns, transposeA, transposeB };
      const { a, b } = operands(random, c);
      const [product] = await runKernel('wasm', 'BatchMatMul', { a, b }, { transposeA, transposeB });
      expect(errorOf(product!.values, reference(c, a, b)), JSON.stringify(c)).toBeLessThan(1e-6);
    }
  });

  it('sums of 25,088 terms, as in VGG', async () => {
    const random = new Random(7);
    const c: Case = { batch: [1, 1], rows: 3, terms: 25_088, columns: 40, transposeA, transposeB };
    const { a, b } = operands(random, c);
    const [product] = await runKernel('wasm', 'BatchMatMul', { a, b }, { transposeA, transposeB });
    expect(errorOf(product!.values, reference(c, a, b))).toBeLessThan(1e-6);
  });
});

it("what it does not take goes to tfjs' own kernel", async () => {
  const random = new Random(1);
  const [a, b] = [random.normal([1, 3, 4]), random.normal([1, 4, 5])];
  const attrs = { transposeA: false, transposeB: false, activation: 'elu' };
  const [product] = await runKernel('wasm', '_FusedMatMul', { a, b }, attrs);
  const [expected] = await runKernel('cpu', '_FusedMatMul', { a, b }, attrs);
  expect(errorOf(product!.values, expected!.values)).toBeLessThan(1e-6);
});
