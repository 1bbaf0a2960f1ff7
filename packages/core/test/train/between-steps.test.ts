import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, BatchOptions, Dataset } from '../../src/data/dataset.js';
import { weightsOf } from '../../src/graph/slots.js';
import { batchNorm, buildModel, globalAvgPool, linear, Random, seq, useBackend } from '../../src/index.js';
import { findNotFinite } from '../../src/train/loop/checks.js';
import {
  crossEntropy,
  Ema,
  evaluate,
  type Loss,
  type Optimizer,
  sgd,
  type TrainOptions,
  train,
} from '../../src/train.js';
import { easyImages, InOrder, noise, smallNet, weightValues } from './nets.js';

let net: LayersModel;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  net = smallNet({ rate: 0.3 });
});
afterEach(() => net.dispose());

const data = easyImages(64);
const options: TrainOptions = { optimizer: sgd({ lr: 0.1, momentum: 0.9 }), batchSize: 8, accumulate: 4 };
const values = (model = net) => weightValues(model);

/** Trains, and resolves to the weights after each step; by number of steps. */
async function untouched(more: Partial<TrainOptions> = {}): Promise<Awaited<ReturnType<typeof values>>[]> {
  const alone = smallNet({ rate: 0.3 });
  const after = [await values(alone)];
  for await (const _ of train(alone, data, { ...options, random: new Random(3), ...more }))
    after.push(await values(alone));
  alone.dispose();
  return after;
}

/** The images of `data`; hears before each batch how many came before it. */
const heard = (before: (batches: number) => void): Dataset => ({
  size: data.size,
  categories: data.categories,
  *batches(given: BatchOptions) {
    const batches = data.batches(given)[Symbol.iterator]();
    for (let count = 0; ; count++) {
      before(count);
      const { value, done } = batches.next();
      if (done) return;
      yield value;
    }
  },
});

describe('the net is as it was after the last step', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('where the signal stops a training before its batch %i', async (at) => {
    const stop = new AbortController();
    const random = new Random(3);
    const set = heard((batches) => batches === at && stop.abort());
    const tensors = tf.memory().numTensors;
    const run = async () => {
      for await (const _ of train(net, set, { ...options, random, signal: stop.signal }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await values()).toEqual((await untouched())[Math.floor(at / 4)]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each([1, 2, 3, 6])('where the data fail at batch %i', async (at) => {
    const set = heard((batches) => {
      if (batches === at) throw new Error('no disk');
    });
    const run = async () => {
      for await (const _ of train(net, set, { ...options, random: new Random(3) }));
    };
    await expect(run()).rejects.toThrow('no disk');
    expect(await values()).toEqual((await untouched())[Math.floor(at / 4)]);
  });

  it.each([0, 1, 3, 5])('where the loss of batch %i is NaN', async (at) => {
    let batches = 0;
    const loss: Loss = (logits, y) =>
      batches++ === at ? tf.mul(crossEntropy()(logits, y), Number.NaN) : crossEntropy()(logits, y);
    const run = async () => {
      for await (const _ of train(net, data, { ...options, loss, random: new Random(3) }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'TRAINING', message: expect.stringContaining('NaN') });
    expect(await values()).toEqual((await untouched())[Math.floor(at / 4)]);
  });

  it('where images are NaN: statistics are never', async () => {
    const broken = new InOrder(new Array<number>(60).fill(Number.NaN), [6, 5, 1], [0, 1]);
    const before = await values();
    const run = async () => {
      for await (const _ of train(net, broken, options));
    };
    await expect(run()).rejects.toMatchObject({ code: 'TRAINING' });
    expect(await values()).toEqual(before);
  });

  it('where a gradient is not finite, though the loss is', async () => {
    const before = await values();
    const tensors = tf.memory().numTensors;
    // The root's gradient at 0.
    const loss = (logits: tf.Tensor) => tf.mean(tf.sqrt(tf.mul(logits, 0))) as tf.Scalar;
    const run = async () => {
      for await (const _ of train(net, data, { ...options, loss }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'TRAINING', message: expect.stringContaining('gradient of') });
    expect(await values()).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('where a batch is so large that its variance is not finite', async () => {
    const huge = new InOrder(
      new Array<number>(60).fill(0).map((_, i) => (i % 2 ? 1e25 : -1e25)),
      [6, 5, 1],
      [0, 1],
    );
    const wide = buildModel('wide', seq({ bn: batchNorm(), pool: globalAvgPool, fc: linear(4) }), [6, 5, 1]);
    const before = await values(wide);
    const run = async () => {
      for await (const _ of train(wide, huge, { ...options, batchSize: 2 }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'TRAINING' });
    expect(await values(wide)).toEqual(before);
    wide.dispose();
  });

  it('where the loop is left, and generators too: the same steps follow', async () => {
    const random = new Random(3);
    for await (const { step } of train(net, data, { ...options, random })) if (step === 0) break;
    expect(await values()).toEqual((await untouched())[1]);
    const state = random.state;
    const stop = new AbortController();
    const set = heard((batches) => batches === 2 && stop.abort());
    const run = async () => {
      for await (const _ of train(net, set, { ...options, random, signal: stop.signal }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(random.state).toEqual(state);
  });

  it("with statistics of tfjs' own layers", async () => {
    const stock = sequential({
      layers: [
        layers.flatten({ inputShape: [6, 5, 1] }),
        layers.batchNormalization({}),
        layers.dense({ units: 4, kernelInitializer: 'ones' }),
      ],
    });
    const all = () => weightsOf(stock).map(({ variable }) => [...variable.read().dataSync()]);
    const before = all();
    const stop = new AbortController();
    const set = heard((batches) => batches === 2 && stop.abort());
    const run = async () => {
      for await (const _ of train(stock, set, { ...options, signal: stop.signal }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(all()).toEqual(before);
    stock.dispose();
  });

  it('where an optimizer meets a state of another shape: no weight has moved', async () => {
    const before = await values();
    const kept = new Map(
      weightsOf(net).flatMap(({ key, variable }) => {
        const shape = key === 'fc.bias' ? [7] : [...variable.shape].reverse();
        const size = shape.reduce((product: number, n) => product * n!, 1);
        const zeros = { shape: shape as number[], dtype: 'float32' as const, data: new Float32Array(size) };
        const count = { shape: [], dtype: 'float32' as const, data: Float32Array.of(1) };
        return [[`${key}.momentum_buffer`, zeros] as const, [`${key}.step`, count] as const];
      }),
    );
    const own = sgd({ lr: 0.1, momentum: 0.9 });
    const optimizer: Optimizer = { start: (keys) => own.start(keys, kept) };
    const run = async () => {
      for await (const _ of train(net, data, { ...options, optimizer }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'STATE_DICT' });
    expect(await values()).toEqual(before);
  });
});

describe('weights that overflow', () => {
  const exploding = sgd({ lr: (step) => (step === 1 ? 3e38 : 0.1) });

  it('are told of after the last step, which no loss follows', async () => {
    const loss: Loss = (logits, y) => tf.mul(crossEntropy()(logits, y), 1000);
    const run = async () => {
      for await (const _ of train(net, data, { optimizer: exploding, loss, batchSize: 32 }));
    };
    await expect(run()).rejects.toMatchObject({ code: 'TRAINING', message: expect.stringContaining('after step 1') });
  });

  it('are told from finite ones whose sum overflows, among any number of tensors', async () => {
    const tensors = Array.from({ length: 40 }, () => tf.tensor1d([3e38, 3e38, -1]));
    const labels = tf.tensor1d([1, 2], 'int32');
    const named = [labels, ...tensors].map((tensor, i) => ({ key: `${i}`, tensor: tensor as tf.Tensor }));
    expect(await findNotFinite(named)).toBeUndefined();
    expect(await findNotFinite([])).toBeUndefined();
    expect(await findNotFinite([named[0]!])).toBeUndefined();
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const tensor = tf.tensor1d([0, bad, 0]);
      expect(await findNotFinite([...named, { key: 'bad', tensor }, ...named])).toBe('bad');
      tensor.dispose();
    }
    tf.dispose([labels, ...tensors]);
  });

  it('do not reach an average', async () => {
    const ema = new Ema(net, { decay: 0.5 });
    await ema.update();
    const before = await ema.state();
    const [{ variable }] = weightsOf(net) as [ReturnType<typeof weightsOf>[number]];
    const broken = tf.fill(variable.shape as number[], Number.POSITIVE_INFINITY);
    variable.write(broken);
    broken.dispose();
    await expect(ema.update()).rejects.toMatchObject({ code: 'TRAINING' });
    expect(await ema.state()).toEqual(before);
    ema.dispose();
  });
});

describe('two trainings of one net at once', () => {
  it('are refused, and follow one another', async () => {
    const first = train(net, data, options);
    await first.next();
    await expect(train({ model: net }, data, options).next()).rejects.toMatchObject({
      code: 'TRAINING',
      message: expect.stringContaining('already'),
    });
    await first.return();
    for await (const _ of train(net, data, options));
  });

  it('are refused for nets that share layers', async () => {
    const inner = smallNet();
    const outer = sequential({ layers: [inner] });
    const first = train(inner, data, options);
    await first.next();
    await expect(train(outer, data, options).next()).rejects.toMatchObject({ code: 'TRAINING' });
    await first.return();
    outer.dispose();
  });

  it('leave the net free where one is refused for its options', async () => {
    await expect(train(net, data, { ...options, batchSize: 0 }).next()).rejects.toMatchObject({ code: 'INPUT' });
    for await (const _ of train(net, data, options));
  });
});

describe('an empty data set', () => {
  const empty = new InOrder([], [6, 5, 1], []);
  const odd = (size: number): Dataset => ({ size, categories: [], *batches(): Generator<Batch> {} });

  it.each([
    ['no images', empty],
    ['a size that is none', odd(Number.NaN)],
    ['a negative size', odd(-1)],
  ])('is refused before the first step: %s', async (_, set) => {
    const expected = { code: 'INPUT', message: expect.stringMatching(/at least one image/) };
    await expect(train(net, set, options).next()).rejects.toMatchObject(expected);
    await expect(evaluate(net, set)).rejects.toMatchObject(expected);
  });
});

it.each([
  ['more', 40, 5, /says it holds 40 images, 5 batches of 8: received more/],
  ['fewer', 80, 8, /says it holds 80 images, 10 batches of 8: received 8/],
])(
  'a data set of %s images than it says is refused when it ends, and trained on no further',
  async (_, size, taken, message) => {
    const lying: Dataset = { size, categories: data.categories, batches: (given) => data.batches(given) };
    const tensors = tf.memory().numTensors;
    let steps = 0;
    const run = async () => {
      for await (const _ of train(net, lying, { ...options, accumulate: 1 })) steps++;
    };
    await expect(run()).rejects.toMatchObject({ code: 'INPUT', message: expect.stringMatching(message) });
    expect(steps).toBe(taken);
    expect(tf.memory().numTensors).toBe(tensors);
  },
);

describe('dropLast', () => {
  it('leaves out the last batch of an epoch where it is smaller', async () => {
    const set = await noise(21, 1);
    const counts: number[] = [];
    for await (const { count, steps } of train(net, set, { ...options, accumulate: 1, dropLast: true, epochs: 2 }))
      counts.push(count, steps);
    expect(counts).toEqual([8, 4, 8, 4, 8, 4, 8, 4]);
    expect((await evaluate(net, set)).count).toBe(21);
  });

  it('leaves out nothing where all are of one size', async () => {
    const counts: number[] = [];
    for await (const { count } of train(net, data, { ...options, accumulate: 3, dropLast: true })) counts.push(count);
    expect(counts).toEqual([24, 24, 16]);
  });

  it('is refused where it leaves no batch', async () => {
    await expect(train(net, data, { ...options, batchSize: 65, dropLast: true }).next()).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('dropLast'),
    });
  });
});

describe('BatchNorm and a last batch of one image', () => {
  // 17 images in batches of 8: the third batch has one.
  const seventeen = easyImages(17);
  const normed = () =>
    buildModel('normed', seq({ pool: globalAvgPool, bn: batchNorm(), fc: linear(4) }), [null, null, 1]);

  it('are told of before the first step, with what helps', async () => {
    const model = normed();
    const before = await values(model);
    await expect(train(model, seventeen, { ...options, accumulate: 1 }).next()).rejects.toMatchObject({
      code: 'TRAINING',
      message: expect.stringMatching(/'bn' has one value per channel.*dropLast: true.*batchSize/),
    });
    expect(await values(model)).toEqual(before);
    for await (const _ of train(model, seventeen, { ...options, accumulate: 1, dropLast: true }));
    for await (const _ of train(model, easyImages(18), { ...options, accumulate: 1 }));
    model.dispose();
  });

  it('are fine where a map has more values than one, or the layer is frozen', async () => {
    for await (const _ of train(net, seventeen, options));
    const model = normed();
    model.getLayer('bn').trainable = false;
    for await (const _ of train(model, seventeen, options));
    model.dispose();
  });
});
