// The trainer's parts against PyTorch's numbers; tools/weights/torch/training.py makes the golden.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { loadStateDict, type StateTensor, stateDict, useBackend } from '../../src/index.js';
import { evaluate, train } from '../../src/train/index.js';
import { crossEntropy } from '../../src/train/loss.js';
import { sgd } from '../../src/train/sgd.js';
import { InOrder, smallNet } from './nets.js';

interface Listed {
  shape: number[];
  data: number[];
}
interface Goldens {
  sgd: {
    options: { momentum?: number; weight_decay?: number; nesterov?: boolean };
    rates: number[];
    start: Listed;
    gradients: Listed;
    weights: number[][];
  }[];
  training: {
    x: Listed;
    y: number[];
    start: Record<string, Listed>;
    options: { lr: number; momentum: number; weight_decay: number; nesterov: boolean };
    losses: number[];
    end: Record<string, Listed>;
    loss: number;
    top1: number;
  };
  cross_entropy: { logits: Listed; labels: number[]; loss: number; gradient: Listed }[];
}

const goldens: Goldens = JSON.parse(readFileSync(new URL('goldens/training.json', import.meta.url), 'utf8'));

afterEach(() => {
  tf.disposeVariables();
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it.each(goldens.sgd)('sgd takes the steps of torch.optim.SGD: $options, $rates', async (golden) => {
    await useBackend(backend);
    const { momentum, weight_decay: weightDecay, nesterov } = golden.options;
    const optimizer = sgd({ lr: (step) => golden.rates[step]!, momentum, weightDecay, nesterov });
    const variable = tf.tidy(() => tf.variable(tf.tensor(golden.start.data, golden.start.shape)));
    const run = optimizer.start();
    for (const [step, expected] of golden.weights.entries()) {
      const gradient = tf.tensor(golden.gradients.data.slice(step * 6, step * 6 + 6), [2, 3]);
      run.update([{ variable, gradient }], step, golden.weights.length);
      gradient.dispose();
      expect(relativeError(variable.dataSync(), expected)).toBeLessThanOrEqual(1e-6);
    }
    run.dispose();
  });

  it.each(goldens.cross_entropy)(
    'crossEntropy and its gradient are torch.nn.functional.cross_entropy',
    async (golden) => {
      await useBackend(backend);
      const [loss, gradient] = tf.tidy(() => {
        const labels = tf.tensor1d(golden.labels, 'int32');
        const of = tf.valueAndGrad((logits: tf.Tensor) => crossEntropy(logits as tf.Tensor2D, labels));
        const { value, grad } = of(tf.tensor(golden.logits.data, golden.logits.shape));
        return [value.dataSync(), grad.dataSync()];
      });
      expect(relativeError(loss!, [golden.loss])).toBeLessThanOrEqual(1e-6);
      expect(relativeError(gradient!, golden.gradient.data)).toBeLessThanOrEqual(1e-6);
    },
  );

  it('a small net trains as in PyTorch: losses, weights, statistics, then its evaluation', async () => {
    await useBackend(backend);
    const { x, y, start, options, losses, end, loss, top1 } = goldens.training;
    const net = smallNet();
    const asState = Object.entries(start).map(([key, { shape, data }]): [string, StateTensor] => [
      key,
      { shape, dtype: 'float32', data: Float32Array.from(data) },
    ]);
    await loadStateDict(net, new Map(asState));
    const data = new InOrder(x.data, [6, 5, 1], y);
    const { lr, momentum, weight_decay: weightDecay, nesterov } = options;
    const received: number[] = [];
    for await (const step of train(net, data, {
      optimizer: sgd({ lr, momentum, weightDecay, nesterov }),
      epochs: 2,
      batchSize: 4,
    })) {
      expect(step).toMatchObject({
        step: received.length,
        steps: losses.length,
        epoch: Math.floor(received.length / 3),
      });
      received.push(step.loss);
    }
    expect(relativeError(received, losses)).toBeLessThanOrEqual(1e-5);
    const state = stateDict(net);
    expect([...state.keys()].sort()).toEqual(Object.keys(end).sort());
    for (const [key, { data: expected }] of Object.entries(end))
      expect(relativeError(state.get(key)!.data as Float32Array, expected), key).toBeLessThanOrEqual(1e-4);
    const evaluation = await evaluate(net, data, { batchSize: 3 });
    expect(evaluation).toEqual({ loss: expect.closeTo(loss, 5), top1: expect.closeTo(top1, 6), count: 10 });
    net.dispose();
  });
});
