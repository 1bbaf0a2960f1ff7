import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { Random } from './random.js';
import { runKernel, type Values } from './run-kernel.js';

type Call = readonly [name: string, inputs: Record<string, Values>, attrs: object];

const random = new Random(3);

/** Computes a convolution and its gradients. */
function convolutions(
  images: number,
  size: number,
  channels: number,
  filters: number,
  kernel: number,
  { stride = 1, groups = 1 },
) {
  const pad = kernel >> 1;
  const padding = [
    [pad, pad],
    [pad, pad],
  ];
  const attrs = { stride: [stride, stride], dilation: [1, 1], groups, padding };
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const x = random.normal([images, size, size, channels]);
  const dy = random.normal([images, out, out, filters]);
  const filter = random.normal([kernel, kernel, channels / groups, filters]);
  const bias = random.normal([filters]);
  return [
    ['CnnzooConv2D', { x, filter, bias }, { ...attrs, activation: 'relu' }],
    ['CnnzooConv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }],
    ['CnnzooConv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }],
  ] as const satisfies readonly Call[];
}

const products = (batch: number, rows: number, inner: number, columns: number): Call => [
  'BatchMatMul',
  { a: random.normal([batch, rows, inner]), b: random.normal([batch, inner, columns]) },
  { transposeA: false, transposeB: false },
];

const map = () => random.normal([5, 13, 11, 24]);
const vector = () => random.normal([24]);
const POSITIVE = { shape: [24], values: new Float32Array(24).fill(0.8) };
const pool = {
  kernelSize: [3, 3],
  stride: [2, 2],
  padding: [
    [1, 1],
    [1, 1],
  ],
  countIncludePad: false,
};

/** Products by Winograd's filtering and directly, with many tasks and with few. */
const PRODUCTS: readonly Call[] = [
  ...convolutions(8, 14, 64, 64, 3, {}),
  ...convolutions(1, 56, 32, 48, 3, {}),
  ...convolutions(2, 31, 3, 40, 7, { stride: 2 }),
  ...convolutions(3, 28, 96, 33, 1, {}),
  ...convolutions(2, 15, 64, 64, 3, { groups: 8, stride: 2 }),
  ...convolutions(1, 7, 256, 256, 3, {}),
  products(1, 8, 3000, 1000),
  products(7, 65, 130, 33),
];

const MAPS: readonly Call[] = [
  ['CnnzooMaxPool', { x: map() }, pool],
  ['CnnzooMaxPoolGrad', { x: map(), dy: random.normal([5, 7, 6, 24]) }, pool],
  ['CnnzooAvgPoolGrad', { dy: random.normal([5, 7, 6, 24]) }, { ...pool, inputShape: [5, 13, 11, 24] }],
  ['CnnzooReluGrad', { dy: map(), y: map() }, {}],
  ['CnnzooSgd', { param: map(), grad: map() }, { lr: 0.1, momentum: 0, nesterov: false, weightDecay: 0.1 }],
];

/** Calls that add up results of tasks, whose number depends on that of the threads. */
const SUMS: readonly Call[] = [
  ['CnnzooBatchNorm', { x: map(), weight: vector(), bias: vector() }, { eps: 1e-5, activation: 'relu' }],
  [
    'CnnzooBatchNormGrad',
    { dy: map(), x: map(), y: map(), weight: vector(), mean: vector(), variance: POSITIVE },
    { eps: 1e-5, activation: 'relu', residual: true },
  ],
  ['Sum', { x: map() }, { axis: [0, 1, 2], keepDims: false }],
];

async function bitsOf(threads: number, calls: readonly Call[]): Promise<Buffer[]> {
  await tf.setBackend('wasm');
  const { dispose } = await accelerate({ threads });
  try {
    const bits: Buffer[] = [];
    for (const call of calls)
      for (const { values } of await runKernel('wasm', ...call)) bits.push(Buffer.from(values.slice().buffer));
    return bits;
  } finally {
    dispose();
  }
}

const equal = (a: readonly Buffer[], b: readonly Buffer[]): boolean[] => a.map((bits, i) => bits.equals(b[i]!));

describe.each(places)('bits, in %s', (place) => {
  workIn(place);

  it.each([1, 2, 3])('are the same run for run: %d threads', async (threads) => {
    const calls = [...PRODUCTS, ...MAPS, ...SUMS];
    expect(equal(await bitsOf(threads, calls), await bitsOf(threads, calls))).not.toContain(false);
  });

  it('are the same for any number of threads, but for sums that are made in the arena', async () => {
    const calls = [...PRODUCTS, ...MAPS, ...(place === 'the arena' ? [] : SUMS)];
    const one = await bitsOf(1, calls);
    for (const threads of [2, 3]) expect(equal(one, await bitsOf(threads, calls)), `${threads}`).not.toContain(false);
  });
});
