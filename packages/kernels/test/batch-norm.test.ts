import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

interface Case {
  readonly x: Values;
  readonly weight: Values;
  readonly bias: Values;
  readonly residual: Values | undefined;
  readonly dy: Values;
  readonly relu: boolean;
  readonly eps: number;
}

function randomCase(random: Random, mean = random.pick([0, 0.5, -3]), deviation = random.pick([0.1, 1, 20])): Case {
  const channels = random.pick([1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 64]);
  const shape = [random.pick([1, 2, 33]), random.integer(1, 12), random.integer(1, 12), channels];
  return {
    x: random.normal(shape, mean, deviation),
    weight: random.normal([channels], 1, 0.5),
    bias: random.normal([channels]),
    residual: random.integer(0, 1) ? random.normal(shape) : undefined,
    dy: random.normal(shape),
    relu: random.integer(0, 1) === 1,
    eps: random.pick([1e-5, 1e-3]),
  };
}

const numbers = (length: number): number[] => Array(length).fill(0);

/** Computes batch normalization and its gradient in double precision, by the definition. */
function reference({ x, weight, bias, residual, dy, relu, eps }: Case) {
  const channels = weight.values.length;
  const rows = x.values.length / channels;
  const mean = numbers(channels);
  const variance = numbers(channels);
  x.values.forEach((value, i) => {
    mean[i % channels]! += value / rows;
  });
  x.values.forEach((value, i) => {
    variance[i % channels]! += (value - mean[i % channels]!) ** 2 / rows;
  });
  const std = variance.map((value) => Math.sqrt(value + eps));
  const normal = Array.from(x.values, (value, i) => (value - mean[i % channels]!) / std[i % channels]!);
  const y = normal.map((value, i) => {
    const sum = value * weight.values[i % channels]! + bias.values[i % channels]! + (residual?.values[i] ?? 0);
    return relu ? Math.max(0, sum) : sum;
  });
  const dResidual = Array.from(dy.values, (value, i) => (relu && y[i]! <= 0 ? 0 : value));
  const dWeight = numbers(channels);
  const dBias = numbers(channels);
  dResidual.forEach((value, i) => {
    dBias[i % channels]! += value;
    dWeight[i % channels]! += value * normal[i]!;
  });
  const dx = dResidual.map((value, i) => {
    const c = i % channels;
    return (weight.values[c]! / std[c]!) * (value - dBias[c]! / rows - (normal[i]! * dWeight[c]!) / rows);
  });
  return { y, mean, variance, dx, dWeight, dBias, dResidual };
}

/** Returns the kernels' results of a case. */
async function kernels({ x, weight, bias, residual, dy, relu, eps }: Case) {
  const attrs = { eps, activation: relu ? 'relu' : 'linear' };
  const forward = await runKernel('wasm', 'CnnzooBatchNorm', { x, weight, bias, residual }, attrs);
  const [y, mean, variance] = forward as [Values, Values, Values];
  const backward = await runKernel(
    'wasm',
    'CnnzooBatchNormGrad',
    { dy, x, y, weight, mean, variance },
    { ...attrs, residual: residual !== undefined },
  );
  const [dx, dWeight, dBias, dResidual] = backward as [Values, Values, Values, Values | undefined];
  return { y, mean, variance, dx, dWeight, dBias, dResidual };
}

const seeds = Array.from({ length: 150 }, (_, seed) => seed);

describe.each(places)('by the statistics of the batch, in %s', (place) => {
  workIn(place);

  it('and its gradient, in double precision', async () => {
    for (const seed of seeds) {
      const each = randomCase(new Random(seed));
      const { x, weight, residual, relu } = each;
      const label = `${seed}: ${JSON.stringify({ shape: x.shape, residual: !!residual, relu })}`;
      const [ours, expected] = [await kernels(each), reference(each)];
      expect(ours.y.shape, label).toEqual(x.shape);
      for (const name of ['y', 'variance'] as const)
        expect(errorOf(ours[name].values, expected[name]), `${name} of ${label}`).toBeLessThan(1e-6);
      // Relative to the largest value, since the mean itself may be near zero.
      const largest = Math.max(...x.values.map(Math.abs));
      expected.mean.forEach((mean, c) => {
        expect(Math.abs(ours.mean.values[c]! - mean) / largest, `mean of ${label}`).toBeLessThan(1e-6);
      });
      // Gradients of a single row are zero except for rounding, so the scale is that of the terms that cancel.
      const most = Math.max(...expected.dResidual.map(Math.abs));
      const scale = Math.max(
        ...expected.variance.map((v, c) => Math.abs(each.weight.values[c]!) / Math.sqrt(v + each.eps)),
      );
      const apart = Math.max(...expected.dx.map((value, i) => Math.abs(value - ours.dx.values[i]!)));
      expect(apart / (most * scale), `dx of ${label}`).toBeLessThan(3e-6);
      // Typical size of a sum of that many unit terms of either sign. The sum itself may be near zero by chance.
      const typical = Math.sqrt(x.values.length / weight.values.length);
      for (const name of ['dBias', 'dWeight'] as const)
        expected[name].forEach((value, c) => {
          const error = Math.abs(ours[name].values[c]! - value) / Math.max(typical, Math.abs(value));
          expect(error, `${name} of ${label}`).toBeLessThan(3e-6);
        });
      if (residual) expect(errorOf(ours.dResidual!.values, expected.dResidual), label).toBe(0);
      else expect(ours.dResidual).toBeUndefined();
    }
  });

  it.each([1e4, -1e4, 1e5])('keeps its digits where the mean is %d and the deviation 1', async (mean) => {
    const random = new Random(3);
    const each: Case = { ...randomCase(random), relu: false, residual: undefined };
    const shape = [4, 20, 20, each.weight.values.length];
    const far = { ...each, x: random.normal(shape, mean, 1), dy: random.normal(shape) };
    const [ours, expected] = [await kernels(far), reference(far)];
    expect(errorOf(ours.variance.values, expected.variance)).toBeLessThan(1e-6);
    expect(errorOf(ours.y.values, expected.y)).toBeLessThan(1e-6);
    expect(errorOf(ours.dx.values, expected.dx)).toBeLessThan(3e-6);
    expect(errorOf(ours.dWeight.values, expected.dWeight)).toBeLessThan(3e-6);
  });

  it('a first value far from all others costs no digits', async () => {
    const random = new Random(4);
    const each: Case = { ...randomCase(random), relu: false, residual: undefined };
    const shape = [2, 30, 30, each.weight.values.length];
    const far = { ...each, x: random.normal(shape), dy: random.normal(shape) };
    far.x.values[0] = 1e4;
    const [ours, expected] = [await kernels(far), reference(far)];
    expect(errorOf(ours.variance.values, expected.variance)).toBeLessThan(1e-6);
    expect(errorOf(ours.y.values, expected.y)).toBeLessThan(1e-6);
  });

  it('a constant map has no variance', async () => {
    const each = randomCase(new Random(5));
    const constant = { shape: each.x.shape, values: each.x.values.map(() => 12345.67) };
    expect([...(await kernels({ ...each, x: constant })).variance.values]).toEqual(numbers(each.weight.values.length));
  });

  it('what is NaN or infinite spoils its channel only, forward and backward', async () => {
    const random = new Random(6);
    const [x, dy] = [random.normal([2, 3, 3, 3]), random.normal([2, 3, 3, 3])];
    x.values[1] = Number.NaN;
    x.values[5] = Number.POSITIVE_INFINITY;
    const vector = random.normal([3], 1, 0.1);
    const each = { x, dy, weight: vector, bias: vector, residual: x, relu: true, eps: 1e-5 };
    const { y, dx, dResidual } = await kernels(each);
    for (const { values } of [y, dx])
      values.forEach((value, i) => {
        expect(Number.isFinite(value), `${i}`).toBe(i % 3 === 0);
      });
    // As in PyTorch, a ReLU passes the gradient of a NaN on.
    expect(dResidual!.values[1]).toBe(dy.values[1]);
  });

  it('refuses what does not fit, saying what', async () => {
    const random = new Random(7);
    const [x, weight, short] = [random.normal([2, 2, 2, 4]), random.normal([4]), random.normal([3])];
    const attrs = { eps: 1e-5, activation: 'linear' };
    const run = (inputs: Record<string, Values>, changed = {}) =>
      runKernel('wasm', 'CnnzooBatchNorm', { x, weight, bias: weight, ...inputs }, { ...attrs, ...changed });
    await expect(run({ bias: short })).rejects.toThrow(/bias \[4\], not \[3\]/);
    await expect(run({ residual: weight })).rejects.toThrow(/residual of x's shape \[2,2,2,4\], not \[4\]/);
    await expect(run({}, { activation: 'gelu' })).rejects.toThrow(/'linear' or 'relu', not 'gelu'/);
  });
});

describe.each(places)('by given statistics, in %s', (place) => {
  workIn(place);

  const givenCase = (seed: number) => {
    const random = new Random(seed);
    const each = randomCase(random);
    const channels = each.weight.values.length;
    const variance = random.normal([channels]);
    return {
      ...each,
      mean: random.normal([channels], 1),
      variance: { ...variance, values: variance.values.map((value) => value * value) },
    };
  };

  it('FusedBatchNorm as on the cpu backend', async () => {
    for (const seed of seeds) {
      const { x, weight, bias, mean, variance, eps } = givenCase(seed);
      const inputs = {
        x,
        mean,
        variance,
        scale: seed % 3 ? weight : undefined,
        offset: seed % 5 ? bias : undefined,
      };
      const [ours] = await runKernel('wasm', 'FusedBatchNorm', inputs, { varianceEpsilon: eps });
      const [expected] = await runKernel('cpu', 'FusedBatchNorm', inputs, { varianceEpsilon: eps });
      expect(errorOf(ours!.values, expected!.values), `${seed}: ${x.shape}`).toBeLessThan(1e-6);
    }
  });

  it('statistics of every pixel go to the kernel that was replaced', async () => {
    const random = new Random(1);
    const [x, mean] = [random.normal([2, 3, 3, 2]), random.normal([2, 3, 3, 2])];
    const inputs = { x, mean, variance: { ...mean, values: mean.values.map(Math.abs) } };
    const [ours] = await runKernel('wasm', 'FusedBatchNorm', inputs, { varianceEpsilon: 1e-3 });
    const [expected] = await runKernel('cpu', 'FusedBatchNorm', inputs, { varianceEpsilon: 1e-3 });
    expect(errorOf(ours!.values, expected!.values)).toBeLessThan(1e-6);
  });

  it('CnnzooBatchNormInference, with what is joined, in double precision', async () => {
    for (const seed of seeds) {
      const { x, weight, bias, residual, mean, variance, eps, relu } = givenCase(1000 + seed);
      const channels = weight.values.length;
      const expected = Array.from(x.values, (value, i) => {
        const c = i % channels;
        const normal = (value - mean.values[c]!) / Math.sqrt(variance.values[c]! + eps);
        const sum = normal * weight.values[c]! + bias.values[c]! + (residual?.values[i] ?? 0);
        return relu ? Math.max(0, sum) : sum;
      });
      const inputs = { x, mean, variance, weight, bias, residual };
      const attrs = { eps, activation: relu ? 'relu' : 'linear' };
      const [ours] = await runKernel('wasm', 'CnnzooBatchNormInference', inputs, attrs);
      expect(errorOf(ours!.values, expected), `${seed}: ${x.shape}`).toBeLessThan(1e-6);
    }
  });
});
