import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../src/engine/engine.js';
import {
  type Algorithm,
  forwardAlgorithm,
  forwardBy,
  inputGradientBy,
  rotatedGeometry,
  WINOGRAD,
  WINOGRAD_4X4,
  type WinogradConvolution,
} from '../src/ops/algorithms.js';
import type { Geometry } from '../src/ops/geometry.js';
import { Activation } from '../src/ops/product.js';
import {
  GRADIENT_3X3,
  GRADIENT_4X4,
  GRADIENT_5X5,
  type GradientScheme,
  winogradFilterGradient,
} from '../src/ops/winograd-filter-gradient.js';
import { square } from '../src/square.js';
import { Random } from './random.js';
import { referenceConvolution } from './reference-convolution.js';
import { errorOf } from './run-kernel.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine(2);
});
afterAll(() => engine.dispose());

function geometry(kernel: number, random: Random, channels: readonly number[]): Geometry {
  const axis = () => {
    const [before, after] = [random.integer(0, kernel), random.integer(0, kernel)];
    const size = Math.max(kernel - before - after, random.integer(1, 15));
    return { before, size, out: size + before + after - kernel + 1 };
  };
  const [h, w] = [axis(), axis()];
  return {
    images: h.size * w.size < 20 ? random.pick([1, 33]) : random.pick([1, 2, 3]),
    inHeight: h.size,
    inWidth: w.size,
    inChannels: random.pick(channels),
    outHeight: h.out,
    outWidth: w.out,
    outChannels: random.pick(channels),
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    top: h.before,
    left: w.before,
    groups: 1,
  };
}

function valuesOf(g: Geometry, random: Random) {
  return {
    x: random.normal([g.images, g.inHeight, g.inWidth, g.inChannels]).values as Float32Array,
    filter: random.normal([g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels]).values as Float32Array,
    bias: random.normal([g.outChannels]).values as Float32Array,
    dy: random.normal([g.images, g.outHeight, g.outWidth, g.outChannels]).values as Float32Array,
  };
}

interface Scheme {
  readonly kernel: number;
  readonly way: WinogradConvolution;
  readonly gradient: GradientScheme;
}

const schemes: Readonly<Record<string, Scheme>> = {
  'F(2x2, 3x3), F(3x3, 2x2)': { kernel: 3, way: WINOGRAD, gradient: GRADIENT_3X3 },
  'F(4x4, 3x3), F(3x3, 4x4)': { kernel: 3, way: WINOGRAD_4X4, gradient: GRADIENT_4X4 },
  'F(2x2, 5x5), F(5x5, 2x2)': { kernel: 5, way: WINOGRAD, gradient: GRADIENT_5X5 },
};

const read = (pointer: number, floats: number): Float32Array => engine.view(pointer, floats).slice();

function run(
  { floats, pack, run }: Algorithm,
  filter: Float32Array,
  values: Float32Array,
  to: number,
  bias?: Float32Array,
): Float32Array {
  engine.reset();
  const weights = engine.alloc(floats);
  pack(engine, filter, weights);
  return read(run(engine, values, weights, bias, bias ? Activation.relu6 : Activation.linear), to);
}

function check({ way, gradient }: Scheme, g: Geometry, random: Random): void {
  const { x, filter, bias, dy } = valuesOf(g, random);
  const expected = referenceConvolution(g, x, filter, dy);
  const named = JSON.stringify(g);
  const y = run(forwardBy(way, g), filter, x, dy.length, bias);
  const clipped = expected.y.map((value, i) => Math.min(6, Math.max(0, value + bias[i % bias.length]!)));
  // The error bound refers to the values before they are clipped.
  const scale = expected.y.reduce((most, value) => Math.max(most, Math.abs(value)), 6) / 6;
  expect(errorOf(y, clipped) / scale, `y of ${named}`).toBeLessThan(1e-5);
  const rotated = rotatedGeometry(g);
  if (rotated) {
    const dx = run(inputGradientBy(way, rotated), filter, dy, x.length);
    expect(errorOf(dx, expected.dx), `dx of ${named}`).toBeLessThan(1e-5);
  }
  engine.reset();
  const dFilter = read(winogradFilterGradient(engine, gradient, g, x, dy), filter.length);
  expect(errorOf(dFilter, expected.dFilter), `filter gradient of ${named}`).toBeLessThan(1e-5);
}

describe.each(Object.entries(schemes))('%s', (_name, scheme) => {
  it.each([...Array(10).keys()])('random geometries, seed %i: forward and gradients, against float64', (seed) => {
    for (let round = 0; round < 12; round++) {
      const random = new Random(500 + 1000 * seed + round);
      check(scheme, geometry(scheme.kernel, random, [4, 8, 16, 20, 36]), random);
    }
  });
});

it.each([
  [3, 3, 64, 64],
  [3, 4, 64, 64],
  [3, 7, 128, 64],
  [3, 8, 64, 64],
  [3, 9, 128, 128],
  [3, 28, 16, 16],
  [5, 4, 32, 32],
  [5, 8, 32, 64],
  [1, 5, 32, 20],
])(
  'an image has the same bits in any batch: filters of side %i on %i px, %i to %i channels',
  (kernel, size, channels, out) => {
    const random = new Random(size);
    const many = square(5, size, channels, out, kernel);
    const { x, filter, bias } = valuesOf(many, random);
    const pixels = size * size;
    const all = run(forwardAlgorithm(many), filter, x, 5 * pixels * out, bias);
    for (let i = 0; i < 5; i++) {
      const image = x.subarray(i * pixels * channels, (i + 1) * pixels * channels);
      const alone = run(forwardAlgorithm({ ...many, images: 1 }), filter, image, pixels * out, bias);
      expect(alone).toEqual(all.slice(i * pixels * out, (i + 1) * pixels * out));
    }
  },
);
