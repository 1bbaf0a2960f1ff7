import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../src/engine/index.js';
import { KernelError } from '../src/errors.js';
import { type Geometry, inputShape, type MapShape, outputShape } from '../src/ops/geometry.js';
import {
  dequantizeMap,
  directInt8,
  int8Add,
  int8AveragePool,
  int8Copy,
  int8MaxPool,
  quantizeMap,
  winogradInt8,
} from '../src/ops/int8/index.js';
import { clamp, type MapValues, place, randomMap, round, run, scaled, weightedSum } from './int8-reference.js';
import { Random } from './random.js';

const { fround } = Math;

const randomShape = (random: Random): MapShape => ({
  images: random.integer(1, 3),
  height: random.integer(1, 9),
  width: random.integer(1, 9),
  channels: random.integer(1, 35),
});

/** Returns a placement with a border and channels beside the map, or without both. */
const randomPlacement = (random: Random) =>
  random.next() < 0.4
    ? {}
    : {
        border: { top: 1, bottom: 2, left: random.integer(0, 2), right: 1 },
        before: random.integer(0, 3),
        after: random.integer(0, 3),
      };

const int16 = (shape: MapShape): MapValues => ({
  ...shape,
  values: new Int16Array(shape.images * shape.height * shape.width * shape.channels).fill(99),
});
const float32 = (shape: MapShape): MapValues => ({ ...shape, values: Float32Array.from(int16(shape).values) });

function poolGeometry(random: Random, channels: number): Geometry {
  const [kernelHeight, kernelWidth] = [random.integer(1, 4), random.integer(1, 4)];
  const [top, left] = [random.integer(0, kernelHeight >> 1), random.integer(0, kernelWidth >> 1)];
  const [strideHeight, strideWidth] = [random.integer(1, 3), random.integer(1, 3)];
  const [inHeight, inWidth] = [kernelHeight + random.integer(0, 7), kernelWidth + random.integer(0, 7)];
  return {
    images: random.integer(1, 3),
    inHeight,
    inWidth,
    inChannels: channels,
    outHeight: Math.floor((inHeight + 2 * top - kernelHeight) / strideHeight) + 1,
    outWidth: Math.floor((inWidth + 2 * left - kernelWidth) / strideWidth) + 1,
    outChannels: channels,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight: 1,
    dilationWidth: 1,
    top,
    left,
    groups: channels,
  };
}

/** Returns the values of each window that are not padding, in the order of the output. */
function windowsOf(g: Geometry, x: ArrayLike<number>): number[][] {
  const windows: number[][] = [];
  for (let n = 0; n < g.images; n++)
    for (let i = 0; i < g.outHeight; i++)
      for (let j = 0; j < g.outWidth; j++)
        for (let c = 0; c < g.inChannels; c++) {
          const window: number[] = [];
          for (let a = 0; a < g.kernelHeight; a++)
            for (let b = 0; b < g.kernelWidth; b++) {
              const [row, column] = [i * g.strideHeight + a - g.top, j * g.strideWidth + b - g.left];
              if (row >= 0 && row < g.inHeight && column >= 0 && column < g.inWidth)
                window.push(x[((n * g.inHeight + row) * g.inWidth + column) * g.inChannels + c]!);
            }
          windows.push(window);
        }
  return windows;
}

describe.each([1, 2, 3])('quantized maps on %i threads', (threads) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(threads);
  });
  afterAll(() => engine.dispose());

  it('are pooled', () => {
    for (let seed = 0; seed < 60; seed++) {
      engine.reset();
      const random = new Random(seed);
      const g = poolGeometry(random, random.integer(1, 35));
      const x = randomMap(random, inputShape(g), -255, 255);
      const input = place(engine, x, randomPlacement(random));
      const windows = windowsOf(g, x.values);

      const largest = place(engine, int16(outputShape(g)), randomPlacement(random));
      run(engine, int8MaxPool(threads, g, input.map, largest.map));
      expect([...largest.read()], `${seed}`).toEqual(windows.map((window) => Math.max(...window)));

      const wholeKernel = seed % 2 === 0;
      const scales = { inputScale: fround(0.01 + random.next()), outputScale: fround(0.01 + random.next()) };
      const means = place(engine, int16(outputShape(g)), randomPlacement(random));
      run(engine, int8AveragePool(threads, g, input.map, means.map, { ...scales, low: -128, high: 127, wholeKernel }));
      const expected = windows.map((window) => {
        const count = wholeKernel ? g.kernelHeight * g.kernelWidth : window.length;
        const multiplier = fround(scales.inputScale / fround(scales.outputScale * count));
        const sum = window.reduce((total, value) => total + value, 0);
        return round(clamp(scaled(sum, 0, multiplier), -128, 127));
      });
      expect([...means.read()], `${seed}`).toEqual(expected);
    }
  });

  it('are pooled as a whole', () => {
    engine.reset();
    const g = { ...poolGeometry(new Random(1), 67), images: 2, top: 0, left: 0, outHeight: 1, outWidth: 1 };
    const whole = { ...g, inHeight: 56, inWidth: 56, kernelHeight: 56, kernelWidth: 56 };
    const x = { ...inputShape(whole), values: new Int16Array(2 * 56 * 56 * 67).fill(255) };
    x.values[0] = 254;
    const output = place(engine, int16(outputShape(whole)));
    const limits = { low: 0, high: 255, wholeKernel: false };
    run(
      engine,
      int8AveragePool(threads, whole, place(engine, x).map, output.map, { inputScale: 1, outputScale: 2, ...limits }),
    );
    // 127.5 rounds to the even 128; the first is a little less.
    expect([...output.read()]).toEqual([127, ...Array(2 * 67 - 1).fill(128)]);
  });

  it('are added, in place too, and copied', () => {
    for (let seed = 0; seed < 60; seed++) {
      engine.reset();
      const random = new Random(seed);
      const shape = randomShape(random);
      const [a, b] = [randomMap(random, shape, -255, 255), randomMap(random, shape, -255, 255)];
      const sum = { ratio: 0.1 + random.next(), secondRatio: 0.1 + random.next(), low: -99, high: 201 };
      const [first, second] = [place(engine, a, randomPlacement(random)), place(engine, b, randomPlacement(random))];
      const expected = Array.from(a.values, (value, index) =>
        weightedSum(value, sum.ratio, b.values[index]!, sum.secondRatio, sum.low, sum.high),
      );
      const output = seed % 2 === 0 ? second : place(engine, int16(shape), randomPlacement(random));
      run(engine, int8Add(threads, first.map, second.map, output.map, sum));
      expect([...output.read()], `${seed}`).toEqual(expected);
      const copy = place(engine, int16(shape), randomPlacement(random));
      run(engine, int8Copy(threads, first.map, copy.map));
      expect([...copy.read()], `${seed}`).toEqual([...a.values]);
    }
  });

  it('are quantized and dequantized', () => {
    for (let seed = 0; seed < 60; seed++) {
      engine.reset();
      const random = new Random(seed);
      const shape = randomShape(random);
      const scale = fround(random.pick([0.5, 0.0173, 2.7]));
      const size = int16(shape).values.length;
      // Every third value is a tie at scales of powers of two.
      const values = Float32Array.from({ length: size }, (_, index) =>
        index % 3 === 0 ? scale * (random.integer(-140, 140) + 0.5) : scale * 400 * (random.next() - 0.5),
      );
      const limits = { low: -128, high: 127 };
      const x = place(engine, { ...shape, values }, randomPlacement(random));
      const quantized = place(engine, int16(shape), randomPlacement(random));
      run(engine, quantizeMap(threads, x.map, quantized.map, { scale, ...limits }));
      const expected = Array.from(values, (value) => round(clamp(fround(value / scale), limits.low, limits.high)));
      const found = quantized.read();
      expect([...found], `${seed}`).toEqual(expected);
      const back = place(engine, float32(shape), randomPlacement(random));
      run(engine, dequantizeMap(threads, quantized.map, back.map, scale));
      expect([...back.read()], `${seed}`).toEqual(expected.map((value) => fround(value * scale)));
    }
  });

  it('are quantized to a limit from NaN and infinities', () => {
    engine.reset();
    const shape = { images: 1, height: 1, width: 1, channels: 4 };
    const values = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1);
    const output = place(engine, int16(shape));
    const limits = { scale: 1, low: -128, high: 127 };
    run(engine, quantizeMap(threads, place(engine, { ...shape, values }).map, output.map, limits));
    expect([...output.read()]).toEqual([-128, 127, -128, 1]);
  });
});

describe('what does not fit is refused', () => {
  const map = (channels: number) => ({
    pointer: 64,
    images: 1,
    height: 4,
    width: 4,
    channels,
    imageStep: 16 * channels,
    rowStep: 4 * channels,
    pixelStep: channels,
  });
  const g: Geometry = {
    ...{ images: 1, inHeight: 4, inWidth: 4, inChannels: 8, outHeight: 4, outWidth: 4, outChannels: 8 },
    ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
    ...{ top: 1, left: 1, groups: 1 },
  };
  const epilogue = { to: 'int16', output: map(8), bias: 0, multipliers: 0, low: 0, high: 255 } as const;
  const convolution = { input: map(8), weights: 0, epilogue };
  const sum = { ratio: 1, secondRatio: 1, low: 0, high: 255 };

  it.each<[string, () => unknown, RegExp]>([
    ['an input of other channels', () => directInt8(g).dispatch(1, { ...convolution, input: map(4) }), /shape/],
    [
      'an output of other channels',
      () => winogradInt8(g).dispatch(1, { ...convolution, epilogue: { ...epilogue, output: map(4) } }),
      /shape/,
    ],
    [
      'a residual of other channels',
      () =>
        directInt8(g).dispatch(1, {
          ...convolution,
          epilogue: { ...epilogue, sum: { residual: map(9), ratio: 1, residualRatio: 1, low: 0, high: 1 } },
        }),
      /shape/,
    ],
    [
      'limits beyond a quantized value',
      () => directInt8(g).dispatch(1, { ...convolution, epilogue: { ...epilogue, high: 256 } }),
      /-255 to 255, not \[0, 256\]/,
    ],
    ['more terms than int32 holds', () => directInt8({ ...g, inChannels: 8000 }).bytes(8000), /72000/],
    ['a kernel of too many taps', () => directInt8({ ...g, kernelHeight: 15, kernelWidth: 15 }).bytes(9), /225/],
    [
      "more channels than Winograd's sums hold",
      () => winogradInt8({ ...g, inChannels: 1801 }).dispatch(1, convolution),
      /1800/,
    ],
    [
      "a stride with Winograd's filtering",
      () => winogradInt8({ ...g, strideWidth: 2 }).dispatch(1, convolution),
      /stride 1/,
    ],
    [
      'a window of padding alone',
      () => int8MaxPool(1, { ...g, top: 3, outHeight: 6 }, map(8), { ...map(8), height: 6 }),
      /pixel/,
    ],
    [
      'a last window of padding alone',
      () => int8MaxPool(1, { ...g, outWidth: 6 }, map(8), { ...map(8), width: 6 }),
      /pixel/,
    ],
    ['an odd address', () => int8Copy(1, { ...map(8), pointer: 65 }, map(8)), /multiple of 2/],
    ['pixels that overlap', () => int8Copy(1, { ...map(8), pixelStep: 7 }, map(8)), /channels/],
    ['a scale of NaN', () => dequantizeMap(1, map(8), map(8), Number.NaN), /positive float32, not NaN/],
    ['a ratio that is 0 in float32', () => int8Add(1, map(8), map(8), map(8), { ...sum, ratio: 1e-60 }), /positive/],
    ['a fraction as a limit', () => int8Add(1, map(8), map(8), map(8), { ...sum, low: 0.5 }), /whole numbers/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(KernelError);
    expect(call).toThrow(message);
  });

  it('a filter of another size', async () => {
    const engine = await createEngine(1);
    try {
      for (const algorithm of [directInt8(g), winogradInt8(g)])
        expect(() => algorithm.pack(engine, 8, new Int8Array(575), engine.alloc(4096))).toThrow(/576 weights/);
    } finally {
      engine.dispose();
    }
  });
});
