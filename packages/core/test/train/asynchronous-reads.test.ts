// Nothing that reads values does it synchronously, which is slow or wrong on a GPU; and what was read is one state, however
// long the read takes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cifar10, fromTensors, imageFolder } from '../../src/data.js';
import { weightsOf } from '../../src/graph/index.js';
import {
  Classifier,
  featurePyramid,
  linear,
  load,
  loadStateDict,
  type Preprocessing,
  readStateDict,
  type StateDict,
  saveStateDict,
  stateDict,
  summary,
  useBackend,
} from '../../src/index.js';
import { Snapshot } from '../../src/state-dict/late.js';
import {
  adamW,
  binaryCrossEntropy,
  crossEntropy,
  cutmix,
  Ema,
  evaluate,
  type FitOptions,
  fit,
  freeze,
  mixup,
  type Optimizer,
  type OptimizerRun,
  rmsprop,
  sgd,
  train,
  unfreeze,
} from '../../src/train.js';
import { readsLikeGpu } from '../reads-like-gpu.js';
import { easyImages, noise, smallNet } from './nets.js';

const preprocessing: Preprocessing = {
  resize: null,
  crop: [6, 5],
  channels: 1,
  mean: [0.5],
  std: [0.25],
  interpolation: 'bilinear',
};

let net: LayersModel;
let directory: string;
beforeAll(() => useBackend('cpu'));
beforeEach(async () => {
  net = smallNet({ rate: 0.3 });
  directory = await mkdtemp(join(tmpdir(), 'cnnzoo-reads-'));
});
afterEach(async () => {
  net.dispose();
  await rm(directory, { recursive: true });
});

const data = easyImages(32);
const options = { optimizer: adamW({ lr: 0.05 }), batchSize: 8, epochs: 4 };
const valuesOf = (state: StateDict) => [...state].map(([key, { data }]) => [key, [...(data as Float32Array)]]);

/** An optimizer, and the latest run that it has begun. */
function observed(optimizer: Optimizer): { optimizer: Optimizer; run(): OptimizerRun } {
  let latest: OptimizerRun;
  const start: Optimizer['start'] = (...args) => {
    latest = optimizer.start(...args);
    return latest;
  };
  return { optimizer: { ...optimizer, start }, run: () => latest };
}

describe('a state that is read while something else goes on', () => {
  readsLikeGpu();

  it('refuses what a GPU refuses', async () => {
    const values = tf.tensor1d([1, 2]);
    expect(() => values.dataSync()).toThrow('synchronously');
    const reading = values.data();
    values.dispose();
    await expect(reading).rejects.toThrow('disposed of');
  });

  it('is that of the call: of a net, its average, its optimizer and a file', async () => {
    const { optimizer, run } = observed(options.optimizer);
    const ema = new Ema(net, { decay: 0.5 });
    const steps = train(net, data, { ...options, optimizer });
    const step = async () => {
      await steps.next();
      await ema.update();
    };
    await step();
    const all = async (): Promise<unknown[]> => {
      const path = join(directory, `${Math.random()}.safetensors`);
      const saved = saveStateDict(net, path);
      const [own, average, ofOptimizer] = await Promise.all([stateDict(net), ema.state(), run().state()]);
      await saved;
      return [own, average, ofOptimizer, await readStateDict(path)].map((state) => valuesOf(state));
    };
    const expected = await all();
    const reading = all();
    await step();
    await step();
    expect(await reading).toEqual(expected);
    const later = await all();
    for (const [i, values] of expected.entries()) expect(later[i]).not.toEqual(values);
    await steps.return();
    ema.dispose();
  });

  it('is whole where the net is loaded into, trained on or disposed of meanwhile', async () => {
    const before = valuesOf(await stateDict(net));
    const other = smallNet({ rate: 0.3 });
    for await (const _ of train(other, data, options));
    const [first, loaded] = [stateDict(net), loadStateDict(net, await stateDict(other))];
    await loaded;
    const second = stateDict(net);
    net.dispose();
    expect(valuesOf(await first)).toEqual(before);
    expect(valuesOf(await second)).toEqual(valuesOf(await stateDict(other)));
    other.dispose();
    net = smallNet();
  });

  it('is a copy, though the backend hands out its own array', async () => {
    const before = valuesOf(await stateDict(net));
    for (const { data } of (await stateDict(net)).values()) (data as Float32Array).fill(9);
    expect(valuesOf(await stateDict(net))).toEqual(before);
  });

  it('leaves no tensors, read or not', async () => {
    const { optimizer, run } = observed(options.optimizer);
    const steps = train(net, data, { ...options, optimizer });
    await steps.next();
    const ema = new Ema(net, { decay: 0.5 });
    const { numTensors } = tf.memory();
    const readers = [
      () => stateDict(net),
      () => saveStateDict(net, join(directory, 'net.safetensors')),
      () => ema.state(),
      () => ema.update(),
      () => run().state(),
    ];
    for (const read of readers) {
      await read();
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    await expect(saveStateDict(net, join(directory, 'net.bin'))).rejects.toMatchObject({ code: 'INPUT' });
    vi.spyOn(tf.engine(), 'read').mockRejectedValue(new Error('the device is lost'));
    for (const read of readers) {
      await expect(read()).rejects.toThrow('lost');
      expect(tf.memory().numTensors).toBe(numTensors);
    }
    await steps.return();
    ema.dispose();
  });

  it('is that of the call though it is too large to be read at once', async () => {
    const size = 2 ** 24;
    const variables = [size, 3, size, 2].map((length) => tf.tidy(() => tf.variable(tf.ones([length]), false)));
    const reading = new Snapshot(variables.map((tensor, i) => ({ key: `${i}`, tensor }))).read();
    for (const variable of variables) tf.tidy(() => variable.assign(tf.zeros(variable.shape as [number])));
    const state = await reading;
    expect([...state].map(([key, { shape }]) => [key, shape])).toEqual([
      ['0', [size]],
      ['1', [3]],
      ['2', [size]],
      ['3', [2]],
    ]);
    for (const { data } of state.values()) expect((data as Float32Array).includes(0)).toBe(false);
    tf.dispose(variables);
  });

  it('is read though it was asked for in a tidy', async () => {
    let reading: Promise<StateDict> | undefined;
    tf.tidy(() => {
      reading = stateDict(net);
    });
    expect(valuesOf(await reading!)).toEqual(valuesOf(await stateDict(net)));
  });
});

describe('an average', () => {
  readsLikeGpu();

  it('takes in the step at which it is updated, though nobody awaits that', async () => {
    const [patient, hasty] = [new Ema(net, { decay: 0.7 }), new Ema(net, { decay: 0.7 })];
    const waiting: Promise<void>[] = [];
    for await (const _ of train(net, data, options)) {
      waiting.push(hasty.update(), hasty.update());
      await patient.update();
      await patient.update();
    }
    expect(valuesOf(await hasty.state())).toEqual(valuesOf(await patient.state()));
    waiting.push(hasty.update());
    await patient.update();
    const [first, second] = await Promise.all(
      [hasty, patient].map((ema) => ema.during(async () => valuesOf(await stateDict(net)))),
    );
    expect(first).toEqual(second);
    await Promise.all(waiting);
    patient.dispose();
    hasty.dispose();
  });

  it('never takes in what is not finite, however many updates are under way', async () => {
    const ema = new Ema(net, { decay: 0.7 });
    for await (const _ of train(net, data, { ...options, epochs: 1 })) await ema.update();
    const own = await stateDict(net);
    const before = valuesOf(await ema.state());
    const [{ variable }] = weightsOf(net) as [ReturnType<typeof weightsOf>[number]];
    const bad = tf.fill(variable.shape as number[], Number.NaN);
    const updates = [];
    for (let i = 0; i < 3; i++) {
      variable.write(bad);
      updates.push(ema.update());
      await loadStateDict(net, own);
    }
    bad.dispose();
    for (const update of updates) await expect(update).rejects.toMatchObject({ code: 'TRAINING' });
    expect(valuesOf(await ema.state())).toEqual(before);
    await ema.update();
    expect(valuesOf(await ema.state())).not.toEqual(before);
    ema.dispose();
  });

  it('is in the net for all who want it there at once, and is read and restored meanwhile', async () => {
    const ema = new Ema(net, { decay: 0.7 });
    for await (const _ of train(net, data, { ...options, epochs: 1 })) await ema.update();
    const [own, average] = [valuesOf(await stateDict(net)), valuesOf(await ema.state())];
    const held = () => stateDict(net).then(valuesOf);
    const inner = ema.during(async () => {
      expect(await held()).toEqual(average);
      expect(await ema.during(held)).toEqual(average);
      expect(valuesOf(await ema.state())).toEqual(average);
      await expect(ema.update()).rejects.toMatchObject({
        code: 'TRAINING',
        message: expect.stringContaining('during'),
      });
      await ema.restore(await ema.state());
      return held();
    });
    expect(await Promise.all([inner, ema.during(held)])).toEqual([average, average]);
    expect(await held()).toEqual(own);
    expect(valuesOf(await ema.state())).toEqual(average);
    ema.dispose();
  });
});

describe('a training whose reads are those of a GPU is that of the cpu, to the bit', () => {
  const all: FitOptions = {
    batchSize: 16,
    seed: 7,
    ema: { decay: 0.8 },
    earlyStopping: { patience: 2 },
    clipNorm: 1,
    stages: [
      { freeze: 'backbone', epochs: 2, optimizer: sgd({ lr: 0.1, momentum: 0.9 }) },
      { epochs: 2, accumulate: 2, optimizer: adamW({ lr: 0.01 }), mix: [mixup(), cutmix()] },
      { epochs: 1, optimizer: rmsprop({ lr: 0.001 }) },
    ],
  };
  const trained = async (more: Partial<FitOptions> = {}) => {
    const fresh = smallNet({ rate: 0.3 });
    fresh.setUserDefinedMetadata({ cnnzoo: { model: 'small', head: 'fc' } });
    try {
      const { epochs } = await fit(fresh, await noise(50, 1), { ...all, validation: await noise(30, 2), ...more });
      return [epochs.map(({ imagesPerSecond: _, ...record }) => record), valuesOf(await stateDict(fresh))];
    } finally {
      fresh.dispose();
    }
  };
  let expected: unknown[];
  beforeAll(async () => {
    expected = await trained();
  });
  readsLikeGpu();

  it('from beginning to end, with an average, early stopping and checkpoints', async () => {
    expect(await trained({ checkpoint: { directory, everySteps: 2 } })).toEqual(expected);
  });

  it.each([3, 9, 13])('stopped after %i steps and resumed', async (stopAfter) => {
    const stop = new AbortController();
    let steps = 0;
    const checkpoint = { directory, everySteps: 2 };
    const onStep = () => void (++steps === stopAfter && stop.abort());
    await expect(trained({ checkpoint, signal: stop.signal, onStep })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await trained({ checkpoint, resume: true })).toEqual(expected);
  });
});

describe('nothing else reads synchronously', () => {
  readsLikeGpu();

  it('saving and loading, answers, features, freezing', async () => {
    net.setUserDefinedMetadata({ cnnzoo: { model: 'small', head: 'fc' } });
    const classifier = new Classifier({ model: net, preprocessing, categories: ['a', 'b', 'c', 'd'] });
    await classifier.save(directory);
    const loaded = await load(directory);
    const image = tf.fill([6, 5, 1], 0.5) as tf.Tensor3D;
    expect(await loaded.classify([image, image])).toEqual(await classifier.classify([image, image]));
    expect(await loaded.embed(image)).toEqual(await classifier.embed(image));
    tf.dispose(await loaded.activations(image, ['conv', 'pool']));
    expect(valuesOf(await stateDict(loaded))).toEqual(valuesOf(await stateDict(net)));
    freeze(loaded, 'backbone');
    unfreeze(loaded, 'backbone');
    expect(String(summary(loaded))).toContain('conv');
    expect(featurePyramid(loaded).levels).toHaveLength(1);
    image.dispose();
    loaded.dispose();
  });

  it.each([
    ['crossEntropy', crossEntropy({ labelSmoothing: 0.1, classWeights: [1, 2, 3, 4] })],
    ['binaryCrossEntropy', binaryCrossEntropy()],
  ])('training and evaluating by %s', async (_, loss) => {
    const soft = easyImages(16, 2, (label) => [0, 1, 2, 3].map((each) => Number(each === label)));
    for (const set of loss.activation === 'sigmoid' ? [soft] : [soft, data]) {
      for await (const _ of train(net, set, { ...options, loss, epochs: 1, accumulate: 2, clipNorm: 0.1 }));
      expect((await evaluate(net, set, { loss })).count).toBe(set.size);
    }
  });

  it.each<[string, (tensor: tf.Tensor) => unknown]>([
    ['train as its data', (tensor) => train(net, tensor as never, options).next()],
    ['fit as its data', (tensor) => fit(net, tensor as never, options)],
    ['evaluate as its data', (tensor) => evaluate(net, tensor as never)],
    ['train as its optimizer', (tensor) => train(net, data, { ...options, optimizer: tensor as never }).next()],
    ['train as its loss', (tensor) => train(net, data, { ...options, loss: tensor as never }).next()],
    ['train as its batch size', (tensor) => train(net, data, { ...options, batchSize: tensor as never }).next()],
    ['a layer as its width', (tensor) => linear(tensor as never)],
    ['imageFolder as its folder', (tensor) => imageFolder(tensor as never)],
    ['cifar10 as its source', (tensor) => cifar10(tensor as never, { split: 'train' })],
  ])('the refusal of a tensor by %s', async (_, use) => {
    const tensor = tf.tensor1d([1, 2]);
    await expect((async () => use(tensor))()).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('received a tensor, float32 [2]'),
    });
    tensor.dispose();
  });

  it('a data set of tensors', async () => {
    const [x, y] = [tf.randomUniform<tf.Rank.R4>([8, 6, 5, 1]), tf.tensor1d([0, 1, 2, 3, 0, 1, 2, 3], 'int32')];
    const set = await fromTensors(x, y);
    tf.dispose([x, y]);
    for await (const _ of train(net, set, { ...options, epochs: 1 }));
  });
});
