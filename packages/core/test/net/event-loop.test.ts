// Work that computes for long lets timers run, and stops by a signal that a timer aborts.
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, model as stockModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Classifier, useBackend } from '../../src/index.js';
import { nextTurn } from '../../src/platform/browser/threads.js';
import { evaluate, fit, sgd, train } from '../../src/train.js';
import { InOrder } from '../train/nets.js';

/** Longer than a computation may keep the event loop waiting. */
const SLOW = 60;

let timers = 0;
/** Timers that had run when each slow layer was reached. */
const seen: number[] = [];

/** Lets the timers that are set run. */
const turnsOfTimers = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Sets a timer, and passes its input on, slowly. */
class Slow extends layers.Layer {
  static readonly className = 'Slow';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    seen.push(timers);
    setTimeout(() => timers++);
    for (const end = performance.now() + SLOW; performance.now() < end; );
    return tf.clone([inputs].flat()[0]!);
  }
}

const preprocessing = {
  resize: null,
  crop: [2, 2],
  channels: 1,
  mean: [0],
  std: [1],
  interpolation: 'bilinear',
} as const;

/** Two slow layers without weights, and a head. */
function slowNet(): LayersModel {
  const input = layers.inputLayer({ inputShape: [2, 2, 1], name: 'image' }).output;
  const slow = ['slow1', 'slow2'].reduce((x, name) => new Slow({ name }).apply(x) as typeof x, [input].flat()[0]!);
  const pooled = layers.globalAveragePooling2d({ name: 'pool' }).apply(slow) as typeof slow;
  const logits = layers.dense({ units: 2, name: 'fc', kernelInitializer: 'zeros' }).apply(pooled) as typeof slow;
  const model = stockModel({ inputs: [input].flat()[0]!, outputs: logits });
  model.setUserDefinedMetadata({ cnnzoo: { model: 'slow', head: 'fc' } });
  return model;
}

let net: Classifier;
let image: tf.Tensor3D;
const data = new InOrder([0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1], [2, 2, 1], [0, 1, 1]);
const optimizer = sgd({ lr: 0.1 });

beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  net = new Classifier({ model: slowNet(), preprocessing, categories: null });
  image = tf.zeros([2, 2, 1]);
  timers = 0;
  seen.length = 0;
});
afterEach(async () => {
  net.dispose();
  image.dispose();
  await turnsOfTimers();
});

describe('timers run between the layers of', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['classify', () => net.classify(image)],
    ['embed', () => net.embed(image)],
    ['activations', async () => tf.dispose(Object.values(await net.activations(image, ['fc'])))],
    ['evaluate', () => evaluate(net, data)],
  ])('%s', async (_, work) => {
    await work();
    expect(seen).toEqual([0, 1]);
  });
});

/** Timers that had run when each batch began: all those of the batches before. */
const allBefore = (batches: number) => Array.from({ length: batches }, (_, i) => [2 * i, 2 * i]).flat();

it('timers run between the batches of classify', async () => {
  await net.classify(new Array(65).fill(image));
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
});

it('timers run between the steps of train, and the batches of a step', async () => {
  for (const accumulate of [1, 3]) {
    await turnsOfTimers();
    timers = 0;
    seen.length = 0;
    for await (const _ of train(net, data, { optimizer, batchSize: 1, accumulate }));
    expect(seen).toEqual(allBefore(3));
  }
});

it('timers run between the steps of fit', async () => {
  await fit(net, data, { optimizer, batchSize: 1 });
  expect(seen).toEqual(allBefore(3));
});

it('timers run while validation is measured', async () => {
  await fit(net, data, { optimizer, batchSize: 3, validation: data });
  expect(seen).toEqual([0, 0, 2, 3]);
});

describe('a signal that a timer aborts stops', () => {
  it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ['classify', (signal) => net.classify(image, { signal })],
    ['embed', (signal) => net.embed(image, { signal })],
    ['activations', (signal) => net.activations(image, ['fc'], { signal })],
    ['evaluate', (signal) => evaluate(net, data, { signal })],
    ['fit', (signal) => fit(net, data, { optimizer, batchSize: 1, epochs: 1000, signal })],
  ])('%s', async (_, work) => {
    const tensors = tf.memory().numTensors;
    await expect(work(AbortSignal.timeout(1))).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen.length).toBeLessThanOrEqual(2);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('preprocess', async () => {
    const signal = AbortSignal.abort();
    await expect(net.preprocess(image, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe("a page's turn comes after what waits", () => {
  it.each(['with', 'without'])('%s message channels', async (how) => {
    if (how === 'without') vi.stubGlobal('MessageChannel', undefined);
    try {
      let ran = false;
      setTimeout(() => {
        ran = true;
      });
      for (const end = performance.now() + 5; performance.now() < end; );
      await nextTurn();
      await nextTurn();
      expect(ran).toBe(true);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
