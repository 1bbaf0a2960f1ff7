import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { filterGradientAlgorithm, forwardAlgorithm, inputGradientAlgorithm } from '../src/ops/algorithms.js';
import { filterGradient } from '../src/ops/convolution.js';
import { square } from '../src/square.js';
import { layerShapes } from './layer-shapes.js';
import { Random } from './random.js';
import { runKernel } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

const SAMPLES = 300;

/** Returns max|difference| / max|value| over a sample of the values. All of them would take minutes in float64. */
function sampledError(values: ArrayLike<number>, random: Random, expected: (index: number) => number): number {
  let [difference, largest] = [0, 0];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const index = random.integer(0, values.length - 1);
    const value = expected(index);
    difference = Math.max(difference, Math.abs(value - values[index]!));
    largest = Math.max(largest, Math.abs(value));
  }
  return difference / largest;
}

/** Returns the coordinates of an index in a row-major array. */
function coordinates(index: number, shape: readonly number[]): number[] {
  const result: number[] = [];
  let rest = index;
  for (const extent of [...shape].reverse()) {
    result.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return result;
}

const inside = (value: number, size: number): boolean => value >= 0 && value < size;

const shapes5x5 = {
  'AlexNet 5x5, 64 to 192': square(2, 27, 64, 192, 5),
  'NiN 5x5, 96 to 192': square(8, 16, 96, 192, 5),
};

describe.each(Object.entries({ ...layerShapes, ...shapes5x5 }))('%s', (_name, g) => {
  const random = new Random(g.inChannels + g.inHeight);
  const shapes = {
    x: [g.images, g.inHeight, g.inWidth, g.inChannels],
    y: [g.images, g.outHeight, g.outWidth, g.outChannels],
    filter: [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels],
  };
  const at = (shape: readonly number[], ...[a, b, c, d]: number[]): number =>
    ((a! * shape[1]! + b!) * shape[2]! + c!) * shape[3]! + d!;
  const x = random.normal(shapes.x);
  // Like the output of a ReLU: sums of values of one sign grow, and so do their rounding errors.
  x.values.forEach((value, i) => {
    x.values[i] = Math.max(0, value);
  });
  const filter = random.normal(shapes.filter);
  const dy = random.normal(shapes.y);
  const attrs = {
    stride: [g.strideHeight, g.strideWidth],
    dilation: [1, 1],
    padding: [
      [g.top, g.top],
      [g.left, g.left],
    ],
    groups: 1,
  };
  const bound = (algorithm: { layout: string }, direct: number): number =>
    algorithm.layout.startsWith('winograd') ? 1e-5 : direct;

  it('forward', async () => {
    const [y] = await runKernel('wasm', 'CnnzooConv2D', { x, filter }, attrs);
    const error = sampledError(y!.values, random, (index) => {
      const [n, i, j, o] = coordinates(index, shapes.y) as [number, number, number, number];
      let sum = 0;
      for (let a = 0; a < g.kernelHeight; a++)
        for (let b = 0; b < g.kernelWidth; b++) {
          const [row, column] = [i * g.strideHeight + a - g.top, j * g.strideWidth + b - g.left];
          if (!inside(row, g.inHeight) || !inside(column, g.inWidth)) continue;
          const [fromX, fromFilter] = [at(shapes.x, n, row, column, 0), at(shapes.filter, a, b, 0, o)];
          for (let c = 0; c < g.inChannels; c++)
            sum += x.values[fromX + c]! * filter.values[fromFilter + c * g.outChannels]!;
        }
      return sum;
    });
    expect(error).toBeLessThan(bound(forwardAlgorithm(g), 1e-6));
  });

  it("the input's gradient", async () => {
    const inputs = { dy, filter };
    const [dx] = await runKernel('wasm', 'CnnzooConv2DBackpropInput', inputs, { ...attrs, inputShape: shapes.x });
    const error = sampledError(dx!.values, random, (index) => {
      const [n, row, column, c] = coordinates(index, shapes.x) as [number, number, number, number];
      let sum = 0;
      for (let a = 0; a < g.kernelHeight; a++)
        for (let b = 0; b < g.kernelWidth; b++) {
          const [i, j] = [(row + g.top - a) / g.strideHeight, (column + g.left - b) / g.strideWidth];
          if (!Number.isInteger(i) || !Number.isInteger(j) || !inside(i, g.outHeight) || !inside(j, g.outWidth))
            continue;
          const [fromY, fromFilter] = [at(shapes.y, n, i, j, 0), at(shapes.filter, a, b, c, 0)];
          for (let o = 0; o < g.outChannels; o++) sum += dy.values[fromY + o]! * filter.values[fromFilter + o]!;
        }
      return sum;
    });
    expect(error).toBeLessThan(bound(inputGradientAlgorithm(g), 3e-6));
  });

  it("the filter's gradient", async () => {
    const inputs = { x, dy };
    const [dw] = await runKernel('wasm', 'CnnzooConv2DBackpropFilter', inputs, {
      ...attrs,
      filterShape: shapes.filter,
    });
    const error = sampledError(dw!.values, random, (index) => {
      const [a, b, c, o] = coordinates(index, shapes.filter) as [number, number, number, number];
      let sum = 0;
      for (let n = 0; n < g.images; n++)
        for (let i = 0; i < g.outHeight; i++)
          for (let j = 0; j < g.outWidth; j++) {
            const [row, column] = [i * g.strideHeight + a - g.top, j * g.strideWidth + b - g.left];
            if (inside(row, g.inHeight) && inside(column, g.inWidth))
              sum += x.values[at(shapes.x, n, row, column, c)]! * dy.values[at(shapes.y, n, i, j, o)]!;
          }
      return sum;
    });
    expect(error).toBeLessThan(filterGradientAlgorithm(g) === filterGradient ? 3e-6 : 1e-5);
  });
});
