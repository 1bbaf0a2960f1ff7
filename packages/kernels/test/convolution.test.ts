import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import type { Geometry } from '../src/ops/geometry.js';
import { Random } from './random.js';
import { referenceConvolution } from './reference-convolution.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

type Pair = [number, number];

interface Case {
  readonly g: Geometry;
  readonly padding: [Pair, Pair];
}

/**
 * Returns a case with windows of every kind: with gaps, over one pixel, unevenly padded and strided, dilated, in
 * groups.
 */
function randomCase(random: Random): Case {
  const groups = random.pick([1, 1, 1, 2, 3, 4, 8, 32]);
  const perGroup = groups === 1 ? [1, 2, 3, 4, 7, 16, 24, 33] : [1, 2, 3, 4, 5, 16, 17];
  const axis = () => {
    const kernel = random.pick([1, 2, 3, 3, 4, 5, 7]);
    const dilation = random.pick([1, 1, 1, 2, 3]);
    const padding: Pair = [random.integer(0, kernel), random.integer(0, kernel)];
    const extent = (kernel - 1) * dilation + 1;
    const size = Math.max(1, random.integer(1, 14), extent - padding[0] - padding[1]);
    const stride = random.pick([1, 1, 2, 3, 4]);
    const out = Math.floor((size + padding[0] + padding[1] - extent) / stride) + 1;
    return { kernel, dilation, padding, size, stride, out };
  };
  const [h, w] = [axis(), axis()];
  const g: Geometry = {
    images: h.size * w.size < 40 ? random.pick([1, 2, 33]) : random.pick([1, 2, 3]),
    inHeight: h.size,
    inWidth: w.size,
    inChannels: groups * random.pick(perGroup),
    outHeight: h.out,
    outWidth: w.out,
    outChannels: groups * random.pick(perGroup),
    kernelHeight: h.kernel,
    kernelWidth: w.kernel,
    strideHeight: h.stride,
    strideWidth: w.stride,
    dilationHeight: h.dilation,
    dilationWidth: w.dilation,
    top: h.padding[0],
    left: w.padding[0],
    groups,
  };
  return { g, padding: [h.padding, w.padding] };
}

const inputShape = (g: Geometry) => [g.images, g.inHeight, g.inWidth, g.inChannels];
const outputShape = (g: Geometry) => [g.images, g.outHeight, g.outWidth, g.outChannels];
const filterShape = (g: Geometry) => [g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels];

const ownAttributes = ({ g, padding }: Case) => ({
  stride: [g.strideHeight, g.strideWidth],
  dilation: [g.dilationHeight, g.dilationWidth],
  padding,
  groups: g.groups,
});

/** Adds a bias and applies a ReLU, in place. */
function biased(y: Float64Array, bias: ArrayLike<number>, relu: boolean): Float64Array {
  return y.map((value, i) => (relu ? Math.max(0, value + bias[i % bias.length]!) : value + bias[i % bias.length]!));
}

function valuesOf(g: Geometry, random: Random) {
  return {
    x: random.normal(inputShape(g)),
    filter: random.normal(filterShape(g)),
    bias: random.normal([g.outChannels]),
    dy: random.normal(outputShape(g)),
  };
}

async function runAll(c: Case, values: ReturnType<typeof valuesOf>, relu: boolean): Promise<Values[]> {
  const { x, filter, bias, dy } = values;
  const attrs = ownAttributes(c);
  const activation = relu ? 'relu' : 'linear';
  return [
    ...(await runKernel('wasm', 'CnnzooConv2D', { x, filter, bias }, { ...attrs, activation })),
    ...(await runKernel('wasm', 'CnnzooConv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape })),
    ...(await runKernel('wasm', 'CnnzooConv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape })),
  ];
}

describe.each([...Array(20).keys()])('random geometries, seed %i', (seed) => {
  it('forward and gradients, against float64', async () => {
    for (let round = 0; round < 12; round++) {
      const random = new Random(1000 * seed + round);
      const c = randomCase(random);
      const { g } = c;
      const values = valuesOf(g, random);
      const relu = random.integer(0, 1) === 1;
      const [y, dx, dFilter] = await runAll(c, values, relu);
      const expected = referenceConvolution(g, values.x.values, values.filter.values, values.dy.values);
      const named = JSON.stringify(c);
      expect(y!.shape, named).toEqual(outputShape(g));
      expect(dx!.shape, named).toEqual(inputShape(g));
      expect(dFilter!.shape, named).toEqual(filterShape(g));
      expect(errorOf(y!.values, biased(expected.y, values.bias.values, relu)), `y of ${named}`).toBeLessThan(1e-6);
      expect(errorOf(dx!.values, expected.dx), `dx of ${named}`).toBeLessThan(3e-6);
      expect(errorOf(dFilter!.values, expected.dFilter), `filter gradient of ${named}`).toBeLessThan(3e-6);
    }
  });
});
