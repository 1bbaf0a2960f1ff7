import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../src/engine/engine.js';
import { Activation, type Geometry, mapConvolution, packBias } from '../src/ops/index.js';
import { putPadded } from '../src/ops/padded.js';
import {
  takesWinograd4x4,
  transformFilter4x4,
  winograd4x4,
  winograd4x4Floats,
  winograd4x4Padding,
} from '../src/ops/winograd-4x4.js';
import { square } from '../src/square.js';
import { Random } from './random.js';
import { referenceConvolution } from './reference-convolution.js';
import { errorOf } from './run-kernel.js';

let engines: Engine[];
beforeAll(async () => {
  engines = await Promise.all([1, 2, 3].map(createEngine));
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

interface Layer {
  readonly g: Geometry;
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly bias: Float32Array;
  /** Values that the output holds before: [n, outHeight, outWidth, outChannels]. */
  readonly before: Float32Array;
}

function layerOf(g: Geometry, random: Random): Layer {
  const values = (...shape: number[]) => random.normal(shape).values as Float32Array;
  return {
    g,
    x: values(g.images, g.inHeight, g.inWidth, g.inChannels),
    filter: values(3, 3, g.inChannels, g.outChannels),
    bias: values(g.outChannels),
    before: values(g.images, g.outHeight, g.outWidth, g.outChannels),
  };
}

/** Values between the pixels of the output's map, which must stay. */
const BETWEEN = 8;
const UNTOUCHED = 12345;

/** Computes relu6(x * filter + bias + before), into a map whose pixels are apart. */
function compute(engine: Engine, { g, x, filter, bias, before }: Layer, accumulate: boolean): Float32Array {
  engine.reset();
  const weights = engine.alloc(winograd4x4Floats(g));
  transformFilter4x4(engine, g, filter, weights, false);
  const shape = { images: g.images, height: g.inHeight, width: g.inWidth, channels: g.inChannels };
  const from = putPadded(engine, x, shape, winograd4x4Padding(g));
  const pixel = g.outChannels + BETWEEN;
  const apart = new Float32Array((before.length / g.outChannels) * pixel).fill(UNTOUCHED);
  for (let i = 0; i < before.length; i++)
    apart[Math.floor(i / g.outChannels) * pixel + (i % g.outChannels)] = before[i]!;
  const pointer = engine.put(apart);
  const to = { pointer, image: g.outHeight * g.outWidth * pixel, row: g.outWidth * pixel, pixel };
  const epilogue = { bias: engine.put(packBias(g, bias)), activation: Activation.relu6, accumulate };
  winograd4x4(engine, g, from, weights, to, epilogue);
  const written = engine.view(pointer, apart.length);
  expect(written.filter((_, i) => i % pixel >= g.outChannels).every((value) => value === UNTOUCHED)).toBe(true);
  return written.filter((_, i) => i % pixel < g.outChannels);
}

function geometryOf(random: Random): Geometry {
  const axis = () => {
    const [before, after] = [random.integer(0, 3), random.integer(0, 3)];
    const size = Math.max(3 - before - after, random.integer(1, 19));
    return { before, size, out: size + before + after - 2 };
  };
  const [h, w] = [axis(), axis()];
  return {
    ...square(random.pick([1, 2, 5]), 3, random.pick([4, 8, 20, 36]), random.pick([4, 16, 20, 36, 68]), 3),
    inHeight: h.size,
    inWidth: w.size,
    outHeight: h.out,
    outWidth: w.out,
    top: h.before,
    left: w.before,
  };
}

describe('F(4x4, 3x3)', () => {
  it.each([...Array(8).keys()])(
    'random geometries, seed %i: against float64, the same bits on 1 to 3 threads',
    (seed) => {
      for (let round = 0; round < 8; round++) {
        const random = new Random(9000 + 100 * seed + round);
        const layer = layerOf(geometryOf(random), random);
        const { g, bias, before } = layer;
        expect(takesWinograd4x4(g)).toBe(true);
        const { y } = referenceConvolution(g, layer.x, layer.filter, before);
        const scale = y.reduce((most, value) => Math.max(most, Math.abs(value)), 6) / 6;
        for (const accumulate of [false, true]) {
          const expected = y.map((value, i) =>
            Math.min(6, Math.max(0, value + bias[i % bias.length]! + (accumulate ? before[i]! : 0))),
          );
          const [one, ...others] = engines.map((engine) => compute(engine, layer, accumulate));
          // The error bound refers to the values before they are clipped.
          expect(errorOf(one!, expected) / scale, JSON.stringify(g)).toBeLessThan(5e-6);
          for (const other of others) expect(Buffer.from(other.buffer).equals(Buffer.from(one!.buffer))).toBe(true);
        }
      }
    },
  );

  it('takes 512 channels, several tiles a task, with a small error', () => {
    const random = new Random(77);
    const layer = layerOf(square(1, 21, 512, 24, 3), random);
    const zero = { ...layer, bias: layer.bias.fill(0), before: layer.before };
    const { y } = referenceConvolution(layer.g, layer.x, layer.filter, layer.before);
    const scale = y.reduce((most, value) => Math.max(most, Math.abs(value)), 6) / 6;
    const expected = y.map((value) => Math.min(6, Math.max(0, value)));
    for (const engine of engines) expect(errorOf(compute(engine, zero, false), expected) / scale).toBeLessThan(3e-6);
  });

  it('leaves a NaN, with an activation', () => {
    const layer = layerOf(square(1, 12, 32, 32, 3), new Random(3));
    layer.x[(6 * 12 + 6) * 32] = Number.NaN;
    const y = compute(engines[1]!, layer, false);
    for (let row = 5; row < 8; row++)
      for (let column = 5; column < 8; column++) expect(y[(row * 12 + column) * 32]).toBeNaN();
    expect(y[0]).not.toBeNaN();
  });

  it('is chosen for large maps only, and not for what it cannot compute', () => {
    const isChosen = (g: Geometry) => mapConvolution(g).run === winograd4x4;
    expect(isChosen(square(1, 56, 64, 64, 3))).toBe(true);
    expect(isChosen(square(1, 14, 256, 256, 3))).toBe(true);
    expect(isChosen(square(1, 7, 512, 512, 3))).toBe(false);
    expect(isChosen(square(1, 56, 516, 64, 3))).toBe(false);
    expect(isChosen(square(1, 56, 64, 64, 5))).toBe(false);
    expect(isChosen(square(1, 56, 64, 64, 3, 2))).toBe(false);
    expect(isChosen(square(1, 56, 64, 66, 3))).toBe(false);
  });
});
