import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine } from '../src/engine/engine.js';
import { directInputGradient } from '../src/ops/algorithms.js';
import type { Geometry } from '../src/ops/geometry.js';
import { Activation } from '../src/ops/product.js';
import { square } from '../src/square.js';
import { Random } from './random.js';
import { referenceConvolution } from './reference-convolution.js';
import { errorOf } from './run-kernel.js';

let engines: Engine[];
beforeAll(async () => {
  engines = await Promise.all([1, 3].map(createEngine));
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/** Computes the gradient of the input from a filter packed before, as values on every engine. */
function gradients(g: Geometry, filter: Float32Array, dy: Float32Array, length: number): Float32Array[] {
  const { floats, pack, run } = directInputGradient(g);
  return engines.map((engine) => {
    engine.reset();
    const weights = engine.alloc(floats);
    // Values that other kernels left behind may not show.
    engine.view(weights, floats).fill(Number.NaN);
    pack(engine, filter, weights);
    return engine.view(run(engine, dy, weights, undefined, Activation.linear), length).slice();
  });
}

function check(g: Geometry, random: Random): void {
  const values = (...shape: number[]) => random.normal(shape).values as Float32Array;
  const x = values(g.images, g.inHeight, g.inWidth, g.inChannels);
  const filter = values(g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels);
  const dy = values(g.images, g.outHeight, g.outWidth, g.outChannels);
  const { dx } = referenceConvolution(g, x, filter, dy);
  const [one, three] = gradients(g, filter, dy, x.length);
  expect(errorOf(one!, dx), JSON.stringify(g)).toBeLessThan(1e-5);
  expect(Buffer.from(three!.buffer).equals(Buffer.from(one!.buffer)), JSON.stringify(g)).toBe(true);
}

/** Axis of a random size, which a filter fits. */
function axisOf(random: Random) {
  const [kernel, stride, dilation] = [random.integer(1, 7), random.integer(1, 4), random.integer(1, 2)];
  const [before, after] = [random.integer(0, kernel), random.integer(0, kernel)];
  const span = (kernel - 1) * dilation + 1;
  const size = Math.max(span - before - after, random.integer(1, 12));
  return { kernel, stride, dilation, before, size, out: Math.floor((size + before + after - span) / stride) + 1 };
}

it.each([...Array(10).keys()])('phases of few channels are joined, seed %i: against float64', (seed) => {
  for (let round = 0; round < 20; round++) {
    const random = new Random(40_000 + 100 * seed + round);
    const [h, w] = [axisOf(random), axisOf(random)];
    const groups = random.pick([1, 1, 1, 2, 3]);
    check(
      {
        images: random.integer(1, 3),
        inHeight: h.size,
        inWidth: w.size,
        inChannels: groups * random.integer(1, 4),
        outHeight: h.out,
        outWidth: w.out,
        outChannels: groups * random.pick([1, 3, 8, 20]),
        kernelHeight: h.kernel,
        kernelWidth: w.kernel,
        strideHeight: h.stride,
        strideWidth: w.stride,
        dilationHeight: h.dilation,
        dilationWidth: w.dilation,
        top: h.before,
        left: w.before,
        groups,
      },
      random,
    );
  }
});

it("a stem's phases are joined: its packed filter has 16 taps instead of 49", () => {
  expect(directInputGradient(square(1, 32, 3, 64, 7, 2)).floats).toBe(16 * 64 * 16);
  expect(directInputGradient(square(1, 32, 64, 64, 3, 2)).floats).toBe(9 * 64 * 64);
  check(square(2, 33, 3, 16, 7, 2), new Random(1));
});
