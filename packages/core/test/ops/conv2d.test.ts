import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { Random, useBackend } from '../../src/index.js';
import { type Conv2dOptions, conv2d } from '../../src/ops/index.js';

interface Case {
  readonly x: [number, number, number, number];
  /** [kh, kw, c / groups, o] */
  readonly filter: [number, number, number, number];
  readonly options: Required<Conv2dOptions>;
}

const CASES: Record<string, Case> = {
  'a dilation of 2': {
    x: [2, 9, 8, 3],
    filter: [3, 3, 3, 4],
    options: { stride: [1, 1], padding: [2, 2], dilation: [2, 2], groups: 1 },
  },
  'other dilations of rows and columns, with strides': {
    x: [2, 11, 13, 2],
    filter: [3, 2, 2, 3],
    options: { stride: [2, 3], padding: [1, 0], dilation: [3, 4], groups: 1 },
  },
  'a dilation of columns alone, in groups': {
    x: [1, 5, 9, 4],
    filter: [2, 3, 2, 6],
    options: { stride: [1, 2], padding: [0, 2], dilation: [1, 2], groups: 2 },
  },
};

interface Values {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly bias: Float32Array;
}

/** The sums as PyTorch's documentation of Conv2d writes them, and their gradients for a dy of ones times the result's index. */
function expected({ x: [n, h, w, c], filter: [kh, kw, perGroup, o], options }: Case, values: Values) {
  const { stride, padding, dilation, groups } = options;
  const out = (axis: 0 | 1, size: number, kernel: number) =>
    Math.floor((size + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis]) + 1;
  const [rows, columns] = [out(0, h, kh), out(1, w, kw)];
  const y = new Float64Array(n * rows * columns * o);
  const gradients = [n * h * w * c, kh * kw * perGroup * o, o].map((size) => new Float64Array(size));
  const [dx, dFilter, dBias] = gradients as [Float64Array, Float64Array, Float64Array];
  for (let at = 0; at < y.length; at++) {
    const [to, column, row] = [at % o, Math.floor(at / o) % columns, Math.floor(at / (o * columns)) % rows];
    const image = Math.floor(at / (o * columns * rows));
    y[at]! += values.bias[to]!;
    dBias[to]! += at;
    for (let tap = 0; tap < kh * kw * perGroup; tap++) {
      const [channel, j, i] = [tap % perGroup, Math.floor(tap / perGroup) % kw, Math.floor(tap / (perGroup * kw))];
      const inRow = row * stride[0] - padding[0] + i * dilation[0];
      const inColumn = column * stride[1] - padding[1] + j * dilation[1];
      if (inRow < 0 || inRow >= h || inColumn < 0 || inColumn >= w) continue;
      const from = ((image * h + inRow) * w + inColumn) * c + Math.floor(to / (o / groups)) * perGroup + channel;
      y[at]! += values.x[from]! * values.filter[tap * o + to]!;
      dx[from]! += at * values.filter[tap * o + to]!;
      dFilter[tap * o + to]! += at * values.x[from]!;
    }
  }
  return { shape: [n, rows, columns, o], values: [y, dx, dFilter, dBias] };
}

describe.each(['cpu', 'wasm'] as const)('conv2d on %s', (backend) => {
  it.each(Object.entries(CASES))('with %s: values and gradients', async (_, example) => {
    await useBackend(backend);
    const random = new Random(11);
    const values = (size: number) => random.fillNormal(new Float32Array(size));
    const size = (shape: number[]) => shape.reduce((product, extent) => product * extent, 1);
    const operands = {
      x: values(size(example.x)),
      filter: values(size(example.filter)),
      bias: values(example.filter[3]),
    };
    const wanted = expected(example, operands);
    tf.tidy(() => {
      const run = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) =>
        conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, example.options);
      const inputs = [
        tf.tensor(operands.x, example.x),
        tf.tensor(operands.filter, example.filter),
        tf.tensor(operands.bias),
      ] as const;
      const y = run(...inputs);
      expect(y.shape).toEqual(wanted.shape);
      const dy = tf.reshape(tf.range(0, y.size), y.shape);
      const received = [y, ...tf.grads(run)([...inputs], dy)];
      received.forEach((tensor, i) => {
        const exact = wanted.values[i]!;
        const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const apart = tensor.dataSync().map((value, at) => Math.abs(value - exact[at]!));
        expect(Math.max(...apart), ['y', 'dx', 'dFilter', 'dBias'][i]).toBeLessThan(1e-5 * largest);
      });
    });
  });
});
