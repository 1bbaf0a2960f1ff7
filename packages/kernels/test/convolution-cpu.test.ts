import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';
import { errorOf, runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

type Shape4D = [number, number, number, number];
type Pad = 'same' | 'valid' | number | [[0, 0], [number, number], [number, number], [0, 0]];

interface Case {
  readonly x: Values;
  readonly filter: Values;
  readonly bias: Values;
  readonly dy: Values;
  readonly attrs: {
    readonly strides: [number, number];
    readonly pad: Pad;
    readonly dataFormat: 'NHWC';
    readonly dilations: [number, number];
  };
}

/**
 * Returns a case with random attributes of every kind that tfjs' convolutions take. Winograd's filtering takes the
 * cases with more than 24 channels.
 */
function randomCase(random: Random, dilated: boolean): Case {
  const [rows, columns] = [random.pick([1, 2, 3, 3, 5]), random.pick([1, 2, 3, 3, 5])];
  const channels = [1, 2, 3, 5, 16, 32];
  const shape: Shape4D = [random.pick([1, 2]), random.integer(11, 18), random.integer(11, 18), random.pick(channels)];
  const filterShape: Shape4D = [rows, columns, shape[3], random.pick(channels)];
  const pads: Pad[] = ['same', 'valid'];
  if (rows === columns) pads.push(random.integer(0, rows));
  const pair = (kernel: number): [number, number] => [random.integer(0, kernel), random.integer(0, kernel)];
  pads.push([[0, 0], pair(rows), pair(columns), [0, 0]]);
  const pad = random.pick(pads);
  const dilations: [number, number] = dilated ? [random.pick([1, 2]), random.pick([1, 2])] : [1, 1];
  const strides: [number, number] =
    Math.max(...dilations) > 1 ? [1, 1] : [random.pick([1, 1, 2, 3]), random.pick([1, 1, 2, 3])];
  const { outShape } = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, dilations, pad as 'same');
  return {
    x: random.normal(shape),
    filter: random.normal(filterShape),
    bias: random.normal([filterShape[3]]),
    dy: random.normal(outShape),
    attrs: { strides, pad, dataFormat: 'NHWC', dilations },
  };
}

async function compare(name: string, inputs: Record<string, Values | undefined>, attrs: object): Promise<void> {
  const [own] = await runKernel('wasm', name, inputs, attrs);
  const [expected] = await runKernel('cpu', name, inputs, attrs);
  expect(own!.shape).toEqual(expected!.shape);
  expect(errorOf(own!.values, expected!.values), `${name} ${JSON.stringify(attrs)}`).toBeLessThan(1e-5);
}

it("tfjs' convolutions as on the cpu backend", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const { x, filter, bias, attrs } = randomCase(random, true);
    const activation = random.pick(['linear', 'relu', 'relu6']);
    await compare('Conv2D', { x, filter }, attrs);
    await compare('FusedConv2D', { x, filter, bias: random.pick([bias, undefined]) }, { ...attrs, activation });
  }
});

it("activations that the kernels don't have go to tfjs' own", async () => {
  const { x, filter, bias, attrs } = randomCase(new Random(1), false);
  const fused = { ...attrs, activation: 'leakyrelu', leakyreluAlpha: 0.25 };
  await compare('FusedConv2D', { x, filter, bias }, fused);
});

it("tfjs' gradients as on the cpu backend", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const { x, filter, dy, attrs } = randomCase(new Random(100 + seed), false);
    await compare('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape });
    await compare('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape });
  }
});

const finite = (values: ArrayLike<number>): boolean[] => Array.from(values, Number.isFinite);

it('what the cpu backend makes NaN or infinite is never finite', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(200 + seed);
    const { x, filter, dy, attrs } = randomCase(random, false);
    for (const tensor of random.pick([[x], [filter], [dy], [x, filter, dy]]))
      for (let count = random.integer(1, 3); count > 0; count--)
        tensor.values[random.integer(0, tensor.values.length - 1)] = random.pick([
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
        ]);
    for (const [name, inputs, more] of [
      ['Conv2D', { x, filter }, {}],
      ['Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape }],
      ['Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape }],
    ] as const) {
      const [own] = await runKernel('wasm', name, inputs, { ...attrs, ...more });
      const [expected] = await runKernel('cpu', name, inputs, { ...attrs, ...more });
      const ownFinite = finite(own!.values);
      finite(expected!.values).forEach((known, i) => {
        if (!known) expect(ownFinite[i], `${name}, seed ${seed}`).toBe(false);
      });
    }
  }
});

it('the same bits each time', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const { x, filter, bias, dy, attrs } = randomCase(new Random(300 + seed), false);
    const all = async () => [
      await runKernel('wasm', 'FusedConv2D', { x, filter, bias }, { ...attrs, activation: 'relu' }),
      await runKernel('wasm', 'Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }),
      await runKernel('wasm', 'Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
    ];
    const first = await all();
    for (let round = 0; round < 3; round++) expect(await all()).toEqual(first);
  }
});

it('the same bits whether a filter is seen for the first or the tenth time', async () => {
  const random = new Random(5);
  const x = tf.tensor4d(random.normal([2, 12, 12, 32]).values, [2, 12, 12, 32]);
  const filter = tf.tensor4d(random.normal([3, 3, 32, 32]).values, [3, 3, 32, 32]);
  const run = () =>
    tf.tidy(() => {
      const y = tf.conv2d(x, filter, 1, 'same');
      return [...y.dataSync(), ...tf.conv2dTranspose(y as tf.Tensor4D, filter, x.shape, 1, 'same').dataSync()];
    });
  const first = run();
  for (let round = 0; round < 9; round++) expect(run()).toEqual(first);
  tf.dispose([x, filter]);
});
