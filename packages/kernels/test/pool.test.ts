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

type Pair = [number, number];

interface Windows {
  readonly shape: [number, number, number, number];
  readonly kernelSize: Pair;
  readonly stride: Pair;
  readonly padding: [Pair, Pair];
}

/** Returns windows of every kind: overlapping, with gaps, over one pixel, unevenly padded, over the whole map. */
function randomWindows(random: Random): Windows {
  const [height, width] = [random.integer(1, 13), random.integer(1, 13)];
  const kernelSize: Pair = [random.integer(1, height), random.integer(1, width)];
  const pad = (kernel: number): Pair => [random.integer(0, kernel - 1), random.integer(0, kernel - 1)];
  return {
    shape: [random.pick([1, 2, 3, 33]), height, width, random.pick([1, 2, 3, 4, 5, 7, 16, 19, 33, 64])],
    kernelSize,
    stride: [random.integer(1, 4), random.integer(1, 4)],
    padding: [pad(kernelSize[0]), pad(kernelSize[1])],
  };
}

const outSize = ({ shape, kernelSize, stride, padding }: Windows): number[] => {
  const windows = (axis: 0 | 1): number =>
    Math.floor((shape[1 + axis]! + padding[axis][0] + padding[axis][1] - kernelSize[axis]) / stride[axis]) + 1;
  return [shape[0], windows(0), windows(1), shape[3]];
};

/** Calls `each` with every window's index and, in order, those of its pixels that are not padding. */
function eachWindow(windows: Windows, each: (window: number, pixels: number[]) => void): void {
  const { shape, kernelSize, stride, padding } = windows;
  const [batch, height, width, channels] = shape;
  const [, outHeight, outWidth] = outSize(windows) as [number, number, number];
  for (let n = 0, window = 0; n < batch; n++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++)
        for (let c = 0; c < channels; c++, window++) {
          const pixels: number[] = [];
          for (let y = i * stride[0] - padding[0][0], ky = 0; ky < kernelSize[0]; ky++, y++)
            for (let x = j * stride[1] - padding[1][0], kx = 0; kx < kernelSize[1]; kx++, x++)
              if (y >= 0 && y < height && x >= 0 && x < width)
                pixels.push(((n * height + y) * width + x) * channels + c);
          each(window, pixels);
        }
}

/** Returns tfjs' attributes of the same windows. */
const stockAttributes = ({ kernelSize, stride, padding }: Windows) => ({
  filterSize: kernelSize,
  strides: stride,
  pad: [[0, 0], padding[0], padding[1], [0, 0]],
});

const size = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** Returns values of which many are equal, as after a ReLU, or all are negative. */
function inputOf(random: Random, shape: readonly number[]): Values {
  const kind = random.integer(0, 2);
  const { values } = random.normal(shape);
  return {
    shape,
    values: values.map((v) => (kind === 0 ? v : kind === 1 ? Math.max(0, Math.round(v)) : -Math.abs(v))),
  };
}

const seeds = Array.from({ length: 150 }, (_, seed) => seed);

describe.each(places)("tfjs' kernels, in %s", (place) => {
  workIn(place);

  it.each(['MaxPool', 'AvgPool'])('%s and its gradient as on the cpu backend', async (name) => {
    for (const seed of seeds) {
      const random = new Random(seed);
      const windows = randomWindows(random);
      const x = inputOf(random, windows.shape);
      const attrs = random.integer(0, 3)
        ? stockAttributes(windows)
        : { filterSize: windows.kernelSize, strides: windows.stride, pad: random.pick(['same', 'valid']) };
      const [ours, expected] = [
        (await runKernel('wasm', name, { x }, attrs))[0]!,
        (await runKernel('cpu', name, { x }, attrs))[0]!,
      ];
      expect(ours.shape).toEqual(expected.shape);
      expect(errorOf(ours.values, expected.values), `${seed}: ${JSON.stringify({ windows, attrs })}`).toBeLessThan(
        1e-6,
      );

      const dy = random.normal(expected.shape);
      const inputs = { dy, input: x, output: name === 'MaxPool' ? expected : undefined };
      const [dx] = await runKernel('wasm', `${name}Grad`, inputs, attrs);
      const [expectedDx] = await runKernel('cpu', `${name}Grad`, inputs, attrs);
      expect(dx!.shape).toEqual(x.shape);
      expect(errorOf(dx!.values, expectedDx!.values), `${seed}: ${JSON.stringify(windows)}`).toBeLessThan(3e-6);
    }
  });

  it('the gradient of sizes that were rounded up reaches the last windows', async () => {
    const x = new Random(1).normal([1, 6, 6, 4]);
    const dy = new Random(2).normal([1, 3, 3, 4]);
    const [dx] = await runKernel('wasm', 'AvgPoolGrad', { dy, input: x }, { filterSize: 3, strides: 2, pad: 0 });
    const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0);
    // At the right and lower edges, two thirds of a window's pixels are not padding; four ninths in the corner.
    const share = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => (i === 2 ? 2 / 3 : 1) * (j === 2 ? 2 / 3 : 1)));
    expect(total(dx!.values)).toBeCloseTo(total(dy.values.map((value, i) => value * share[Math.floor(i / 4)]!)), 4);
  });
});

describe.each(places)('kernels of our own, in %s', (place) => {
  workIn(place);

  it('CnnzooMaxPool and its gradient as PyTorch, in double precision', async () => {
    for (const seed of seeds) {
      const random = new Random(1000 + seed);
      const windows = randomWindows(random);
      const { shape, ...attrs } = windows;
      const x = inputOf(random, shape);
      const y = new Float64Array(size(outSize(windows)));
      const dy = random.normal(outSize(windows));
      const dx = new Float64Array(size(shape));
      eachWindow(windows, (window, pixels) => {
        y[window] = Math.max(...pixels.map((pixel) => x.values[pixel]!));
        const first = pixels.find((pixel) => x.values[pixel] === y[window]);
        if (first !== undefined) dx[first]! += dy.values[window]!;
      });
      const [ours] = await runKernel('wasm', 'CnnzooMaxPool', { x }, attrs);
      expect(ours!.shape).toEqual(outSize(windows));
      expect(errorOf(ours!.values, y), `${seed}: ${JSON.stringify(windows)}`).toBe(0);
      const [gradient] = await runKernel('wasm', 'CnnzooMaxPoolGrad', { dy, x }, attrs);
      expect(errorOf(gradient!.values, dx), `${seed}: ${JSON.stringify(windows)}`).toBeLessThan(3e-6);
    }
  });

  it.each([true, false])('CnnzooAvgPool and its gradient, countIncludePad %s', async (countIncludePad) => {
    for (const seed of seeds) {
      const random = new Random(2000 + seed);
      const windows = randomWindows(random);
      const { shape, ...attrs } = windows;
      const x = random.normal(shape);
      const y = new Float64Array(size(outSize(windows)));
      const dy = random.normal(outSize(windows));
      const dx = new Float64Array(size(shape));
      eachWindow(windows, (window, pixels) => {
        const count = countIncludePad ? attrs.kernelSize[0] * attrs.kernelSize[1] : pixels.length;
        y[window] = pixels.reduce((sum, pixel) => sum + x.values[pixel]!, 0) / count;
        for (const pixel of pixels) dx[pixel]! += dy.values[window]! / count;
      });
      const [ours] = await runKernel('wasm', 'CnnzooAvgPool', { x }, { ...attrs, countIncludePad });
      expect(ours!.shape).toEqual(outSize(windows));
      expect(errorOf(ours!.values, y), `${seed}: ${JSON.stringify(windows)}`).toBeLessThan(1e-6);
      const gradientAttrs = { ...attrs, countIncludePad, inputShape: shape };
      const [gradient] = await runKernel('wasm', 'CnnzooAvgPoolGrad', { dy }, gradientAttrs);
      expect(errorOf(gradient!.values, dx), `${seed}: ${JSON.stringify(windows)}`).toBeLessThan(3e-6);
    }
  });

  const pixel = {
    kernelSize: [1, 3],
    stride: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
  };

  it('a NaN is the largest, and has the gradient', async () => {
    const x = { shape: [1, 1, 4, 1], values: Float32Array.of(1, Number.NaN, 2, 3) };
    const dy = { shape: [1, 1, 2, 1], values: Float32Array.of(10, 100) };
    for (const [name, attrs] of [
      ['CnnzooMaxPool', pixel],
      ['MaxPool', { filterSize: [1, 3], strides: 1, pad: 'valid' }],
    ] as const)
      expect((await runKernel('wasm', name, { x }, attrs))[0]!.values).toEqual(Float32Array.of(Number.NaN, Number.NaN));
    expect((await runKernel('wasm', 'CnnzooMaxPoolGrad', { dy, x }, pixel))[0]!.values).toEqual(
      Float32Array.of(0, 110, 0, 0),
    );
  });

  it('of nothing but -Infinity, the first has the gradient', async () => {
    const x = { shape: [1, 1, 3, 1], values: new Float32Array(3).fill(Number.NEGATIVE_INFINITY) };
    const dy = { shape: [1, 1, 1, 1], values: Float32Array.of(5) };
    expect((await runKernel('wasm', 'CnnzooMaxPoolGrad', { dy, x }, pixel))[0]!.values).toEqual(
      Float32Array.of(5, 0, 0),
    );
  });

  it('refuse what they cannot take, saying what', async () => {
    const x = new Random(1).normal([1, 1, 2, 1]);
    await expect(runKernel('wasm', 'CnnzooMaxPool', { x }, pixel)).rejects.toThrow(/at least 1 x 3 pixels/);
    const wrong = { dy: new Random(1).normal([1, 1, 3, 1]), x: new Random(1).normal([1, 1, 4, 1]) };
    await expect(runKernel('wasm', 'CnnzooMaxPoolGrad', wrong, pixel)).rejects.toThrow(/dy of shape \[1,1,2,1\]/);
    const integers = { shape: [1, 1, 3, 1], values: Int32Array.of(1, 2, 3) };
    await expect(runKernel('wasm', 'CnnzooMaxPool', { x: integers }, pixel)).rejects.toThrow(/int32/);
  });
});
