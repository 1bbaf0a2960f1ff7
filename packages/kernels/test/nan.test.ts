/*
 * Results of PyTorch 2.13, float32 on the CPU, for inputs with NaN and infinity:
 *
 * x = torch.tensor([nan, 1, -1, inf, -inf, 7]);
 * torch.relu(x), torch.nn.functional.relu6(x), and their x.grad of y.backward(torch.arange(1., 7.));
 * torch.nn.functional.max_pool2d(x.reshape(1, 1, 1, n), (1, 3), 1), avg_pool2d(x, (1, 2), 1);
 * torch.nn.functional.batch_norm(x, mean 0, var 1, training=False).relu();
 * torch.nn.functional.cross_entropy(x, torch.tensor([1]), reduction='none', label_smoothing=0.1);
 * two steps of torch.optim.SGD([p], lr=0.1, momentum=m) and AdamW([p], lr=0.1, weight_decay=0.1).
 */
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { places, workIn } from './places.js';
import { runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;

const of = (shape: number[], ...values: number[]): Values => ({ shape, values: Float32Array.from(values) });

/** Expects values up to rounding, NaN where NaN is expected. */
function expectValues(received: Values | undefined, expected: readonly number[]): void {
  const values = [...received!.values];
  expect(values.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isFinite(value)) expect(values[i], `${i} of ${values}`).toBeCloseTo(value, 5);
    else expect(values[i], `${i} of ${values}`).toBe(value);
  });
}

const PAD = [
  [0, 0],
  [0, 0],
];
const CONV = { stride: [1, 1], dilation: [1, 1], groups: 1, padding: PAD };

describe.each(places)('NaN and infinity, in %s', (place) => {
  workIn(place);

  // Enough values that both the vectors and the remainder contain each of them.
  const numbers = Array.from({ length: 7 }, () => [NAN, 1, -1, INF, -INF, 7]).flat();

  it('a ReLU of NaN is NaN', async () => {
    const x = of([numbers.length], ...numbers);
    const relu = numbers.map((value) => Math.max(value, 0));
    expectValues((await runKernel('wasm', 'Relu', { x }, {}))[0], relu);
    expectValues(
      (await runKernel('wasm', 'Relu6', { x }, {}))[0],
      relu.map((value) => Math.min(value, 6)),
    );
  });

  it('the gradient of a ReLU passes a NaN', async () => {
    const [y, dy] = [of([6], NAN, 1, 0, INF, 0, 7), of([6], 1, 2, 3, 4, 5, 6)];
    expectValues((await runKernel('wasm', 'CnnzooReluGrad', { dy, y }, {}))[0], [1, 2, 0, 4, 0, 6]);
  });

  it.each(['relu', 'relu6'])('a %s that is fused with a convolution or a product leaves NaN', async (activation) => {
    const most = activation === 'relu6' ? 6 : INF;
    const expected = numbers.map((value) => (value <= 0 ? 0 : Math.min(value, most)));
    const n = numbers.length;
    const [x, filter] = [of([1, n, 1, 1], ...numbers), of([1, 1, 1, 1], 1)];
    expectValues((await runKernel('wasm', 'CnnzooConv2D', { x, filter }, { ...CONV, activation }))[0], expected);
    const stock = { strides: 1, pad: 'valid', dataFormat: 'NHWC', dilations: 1, activation };
    expectValues((await runKernel('wasm', 'FusedConv2D', { x, filter }, stock))[0], expected);
    const [a, b] = [of([1, n, 1], ...numbers), of([1, 1, 1], 1)];
    expectValues((await runKernel('wasm', '_FusedMatMul', { a, b }, { activation }))[0], expected);
  });

  it('Winograd, with a ReLU, leaves NaN', async () => {
    for (const size of [3, 5]) {
      const x = { shape: [1, 12, 12, 32], values: new Float32Array(12 * 12 * 32).fill(1) };
      x.values[(6 * 12 + 6) * 32] = NAN;
      const filter = { shape: [size, size, 32, 32], values: new Float32Array(size * size * 1024).fill(0.1) };
      const pad = (size - 1) / 2;
      const padding = [
        [pad, pad],
        [pad, pad],
      ];
      for (const activation of ['relu', 'relu6']) {
        const [y] = await runKernel('wasm', 'CnnzooConv2D', { x, filter }, { ...CONV, padding, activation });
        const near = (row: number, column: number) => Math.abs(row - 6) <= pad && Math.abs(column - 6) <= pad;
        for (let row = 0; row < 12; row++)
          for (let column = 0; column < 12; column++)
            if (near(row, column)) expect(y!.values[(row * 12 + column) * 32], `${row} ${column}`).toBeNaN();
        expect(y!.values[0]).toBeGreaterThan(0);
      }
    }
  });

  it('the largest of a window with a NaN is NaN, which has the gradient', async () => {
    const x = of([1, 1, 7, 1], 1, NAN, 2, 3, -INF, -INF, -INF);
    const dy = of([1, 1, 5, 1], 1, 10, 100, 1000, 10_000);
    const own = { kernelSize: [1, 3], stride: [1, 1], padding: PAD };
    const stock = { filterSize: [1, 3], strides: 1, pad: 'valid' };
    const largest = [NAN, NAN, 3, 3, -INF];
    const gradient = [0, 11, 0, 1100, 10_000, 0, 0];
    expectValues((await runKernel('wasm', 'CnnzooMaxPool', { x }, own))[0], largest);
    expectValues((await runKernel('wasm', 'MaxPool', { x }, stock))[0], largest);
    expectValues((await runKernel('wasm', 'CnnzooMaxPoolGrad', { dy, x }, own))[0], gradient);
    expectValues((await runKernel('wasm', 'MaxPoolGrad', { dy, input: x }, stock))[0], gradient);
  });

  it('a mean with a NaN is NaN', async () => {
    const x = of([1, 1, 4, 1], 1, NAN, 2, INF);
    const attrs = { kernelSize: [1, 2], stride: [1, 1], padding: PAD, countIncludePad: true };
    expectValues((await runKernel('wasm', 'CnnzooAvgPool', { x }, attrs))[0], [NAN, NAN, INF]);
  });

  it('BatchNorm with a ReLU leaves NaN', async () => {
    const [one, zero] = [of([1], 1), of([1], 0)];
    const attrs = { eps: 1e-5, activation: 'relu' };
    const inputs = { x: of([4, 1], 1, INF, -INF, NAN), mean: zero, variance: one, weight: one, bias: zero };
    expectValues((await runKernel('wasm', 'CnnzooBatchNormInference', inputs, attrs))[0], [0.999995, INF, 0, NAN]);
    for (const value of [NAN, INF]) {
      const x = of([4, 1], 1, value, 2, 3);
      const [y, mean, variance] = await runKernel('wasm', 'CnnzooBatchNorm', { x, weight: one, bias: zero }, attrs);
      expectValues(y, [NAN, NAN, NAN, NAN]);
      const dy = of([4, 1], 1, 1, 1, 1);
      const all = { dy, x, y: y!, weight: one, mean: mean!, variance: variance! };
      const [dx, dWeight, dBias] = await runKernel('wasm', 'CnnzooBatchNormGrad', all, attrs);
      expectValues(dx, [NAN, NAN, NAN, NAN]);
      expectValues(dWeight, [NAN]);
      expectValues(dBias, [4]);
    }
  });

  it.each([
    [0, [NAN, 1.3132616, NAN, NAN], [0, -0.7310586, 0.7310586]],
    [0.1, [NAN, INF, NAN, NAN], [-0.0333333, -0.6643919, 0.6977252]],
  ])('cross-entropy with labelSmoothing %d', async (labelSmoothing, losses, gradient) => {
    const rows = [
      [INF, 1, 2],
      [-INF, 1, 2],
      [NAN, 1, 2],
      [-INF, -INF, -INF],
    ];
    const logits = of([4, 3], ...rows.flat());
    const labels = { shape: [4], values: Int32Array.of(1, 1, 1, 1) };
    const [loss, dLogits] = await runKernel(
      'wasm',
      'CnnzooSoftmaxCrossEntropy',
      { logits, labels },
      { labelSmoothing },
    );
    expectValues(loss, losses);
    const none = [NAN, NAN, NAN];
    expectValues(dLogits, [...none, ...gradient, ...none, ...none]);
  });

  const param = [NAN, 1, 1, INF, 1, -INF];
  const grad = of([6], 1, NAN, INF, 1, 0, 0);

  it.each([
    [0, undefined],
    [0.9, [1.9, NAN, INF, 1.9, 0, 0]],
  ])('two steps of SGD with momentum %d', async (momentum, velocities) => {
    const attrs = { lr: 0.1, momentum, nesterov: false, weightDecay: 0 };
    let [p, velocity] = [of([6], ...param), velocities && of([6], 0, 0, 0, 0, 0, 0)];
    for (let step = 0; step < 2; step++)
      [p, velocity] = (await runKernel('wasm', 'CnnzooSgd', { param: p, grad, velocity }, attrs)) as [Values, Values];
    expectValues(p, [NAN, NAN, -INF, INF, 1, -INF]);
    if (velocities) expectValues(velocity, velocities);
  });

  it('two steps of AdamW', async () => {
    const attrs = { lr: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1 };
    const zeros = of([6], 0, 0, 0, 0, 0, 0);
    let [p, m, v] = [of([6], ...param), zeros, zeros];
    for (const [step, last] of [
      [1, 0.99],
      [2, 0.9801],
    ] as const) {
      const inputs = { param: p, grad, m, v };
      [p, m, v] = (await runKernel('wasm', 'CnnzooAdamW', inputs, { ...attrs, step })) as [Values, Values, Values];
      expectValues(p, [NAN, NAN, NAN, INF, last, -INF]);
    }
  });
});

it('a ReLU of int32 is of int32', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const x = tf.tensor1d([-1, 3, 9], 'int32');
    expect([tf.relu(x).dtype, ...tf.relu(x).dataSync()]).toEqual(['int32', 0, 3, 9]);
    expect([tf.relu6(x).dtype, ...tf.relu6(x).dataSync()]).toEqual(['int32', 0, 3, 6]);
  });
});
