// The trainer's parts against PyTorch's numbers; tools/weights/torch/training.py makes the golden.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import type { StateDict } from '../../src/checkpoint/tensors.js';
import { loadStateDict, type StateTensor, stateDict, useBackend } from '../../src/index.js';
import { adamW, binaryCrossEntropy, crossEntropy, Ema, evaluate, sgd, type Targets, train } from '../../src/train.js';
import { InOrder, smallNet } from './nets.js';

interface Listed {
  shape: number[];
  data: number[];
}
interface Goldens {
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
  recipe: {
    x: Listed;
    y: number[];
    batch: number;
    accumulate: number;
    clip: number;
    norms: number[];
    decay: number;
    start: Record<string, Listed>;
    options: { lr: number; weight_decay: number; eps: number };
    losses: number[];
    end: Record<string, Listed>;
    average: Record<string, Listed>;
  };
  losses: {
    function: 'cross_entropy' | 'binary_cross_entropy_with_logits';
    options: { weight?: number[]; label_smoothing?: number };
    logits: Listed;
    targets: Listed;
    loss: number;
    gradient: Listed;
  }[];
}

const goldens: Goldens = JSON.parse(readFileSync(new URL('goldens/training.json', import.meta.url), 'utf8'));

afterEach(() => {
  tf.disposeVariables();
});

describe.each(['cpu', 'wasm'] as const)('losses on %s', (backend) => {
  it.each(goldens.losses)('$function and its gradient are those of torch.nn.functional: $options', async (golden) => {
    await useBackend(backend);
    const { weight: classWeights, label_smoothing: labelSmoothing } = golden.options;
    const options = { ...(classWeights && { classWeights }), ...(labelSmoothing && { labelSmoothing }) };
    const loss = golden.function === 'cross_entropy' ? crossEntropy(options) : binaryCrossEntropy(options);
    const [value, gradient] = tf.tidy(() => {
      const { shape, data } = golden.targets;
      const targets = tf.tensor(data, shape as [number], shape.length === 1 ? 'int32' : 'float32') as Targets;
      const of = tf.valueAndGrad((logits: tf.Tensor) => loss(logits as tf.Tensor2D, targets));
      const { value, grad } = of(tf.tensor(golden.logits.data, golden.logits.shape));
      return [value.dataSync(), grad.dataSync()];
    });
    expect(relativeError(value!, [golden.loss])).toBeLessThanOrEqual(1e-6);
    expect(relativeError(gradient!, golden.gradient.data)).toBeLessThanOrEqual(1e-6);
  });
});

/** The small net with given weights. */
async function netFrom(start: Record<string, Listed>) {
  const net = smallNet();
  const asState = Object.entries(start).map(([key, { shape, data }]): [string, StateTensor] => [
    key,
    { shape, dtype: 'float32', data: Float32Array.from(data) },
  ]);
  await loadStateDict(net, new Map(asState));
  return net;
}

function expectState(state: StateDict, expected: Record<string, Listed>): void {
  expect([...state.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [key, { data }] of Object.entries(expected))
    expect(relativeError(state.get(key)!.data as Float32Array, data), key).toBeLessThanOrEqual(1e-4);
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  it('a small net trains as in PyTorch: losses, weights, statistics, then its evaluation', async () => {
    await useBackend(backend);
    const { x, y, start, options, losses, end, loss, top1 } = goldens.training;
    const net = await netFrom(start);
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
    expectState(await stateDict(net), end);
    const evaluation = await evaluate(net, data, { batchSize: 3 });
    expect(evaluation).toEqual({ loss: expect.closeTo(loss, 5), top1: expect.closeTo(top1, 6), count: 10 });
    net.dispose();
  });

  it('with AdamW, accumulation, clipping, smoothing and an average as in PyTorch', async () => {
    await useBackend(backend);
    const { x, y, start, options, losses, end, average, decay, ...golden } = goldens.recipe;
    // One step is clipped, the other is not.
    expect(golden.norms.map((norm) => norm > golden.clip)).toEqual([false, true]);
    const net = await netFrom(start);
    const ema = new Ema(net, { decay });
    const received: number[] = [];
    for await (const { step, steps, loss } of train(net, new InOrder(x.data, [6, 5, 1], y), {
      optimizer: adamW({ lr: options.lr, weightDecay: options.weight_decay, eps: options.eps }),
      loss: crossEntropy({ labelSmoothing: 0.1 }),
      batchSize: golden.batch,
      accumulate: golden.accumulate,
      clipNorm: golden.clip,
    })) {
      expect({ step, steps }).toEqual({ step: received.length, steps: losses.length });
      received.push(loss);
      await ema.update();
    }
    expect(relativeError(received, losses)).toBeLessThanOrEqual(1e-5);
    expectState(await stateDict(net), end);
    expectState(await ema.state(), average);
    ema.dispose();
    net.dispose();
  });
});
