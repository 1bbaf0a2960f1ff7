import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayersModel,
  layers,
  model as layersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import { PixelsDataset, padAndCrop } from '../../src/data.js';
import { buildModel, globalAvgPool, linear, Random, seq, stateDict, useBackend } from '../../src/index.js';
import { hitsAt } from '../../src/train/loop/metrics.js';
import {
  binaryCrossEntropy,
  crossEntropy,
  cutmix,
  evaluate,
  type Mix,
  mixup,
  sgd,
  type TrainOptions,
  train,
} from '../../src/train.js';
import { withRandom } from '../../src/util/random.js';
import { easyImages, InOrder, smallNet, weightValues } from './nets.js';

let net: LayersModel;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  net = smallNet();
});
afterEach(() => net.dispose());

const data = easyImages(64);
const values = (model = net) => weightValues(model);
const options: TrainOptions = { optimizer: sgd({ lr: 0.3, momentum: 0.9 }), batchSize: 16 };

async function trained(model: LayersModel, more: Partial<TrainOptions> = {}, set = data): Promise<number[]> {
  const losses: number[] = [];
  for await (const { loss } of train(model, set, { ...options, ...more })) losses.push(loss);
  return losses;
}

it('learns, and evaluate agrees', async () => {
  const steps = [];
  for await (const step of train(net, data, { ...options, epochs: 20 })) steps.push(step);
  expect(steps.length).toBe(80);
  expect(steps[0]!.loss).toBeGreaterThan(1);
  expect(steps.at(-1)!.loss).toBeLessThan(0.1);
  expect(steps.at(-1)!.accuracy).toBe(1);
  const { loss, top1, count } = await evaluate(net, easyImages(50, 2));
  expect(loss).toBeLessThan(0.1);
  expect(top1).toBe(1);
  expect(count).toBe(50);
});

it('takes what holds a model', async () => {
  await trained({ model: net } as unknown as LayersModel);
  expect((await evaluate({ model: net }, data)).count).toBe(64);
});

describe('leaves no tensors behind', () => {
  const tensors = () => tf.memory().numTensors;

  it('where it runs to the end', async () => {
    const before = tensors();
    await trained(net);
    await evaluate(net, data);
    expect(tensors()).toBe(before);
  });

  it('where the loop is left early', async () => {
    const before = tensors();
    for await (const { step } of train(net, data, options)) if (step === 1) break;
    expect(tensors()).toBe(before);
  });

  it('where the body of the loop throws', async () => {
    const before = tensors();
    const failing = async () => {
      for await (const _ of train(net, data, options)) throw new Error('mine');
    };
    await expect(failing()).rejects.toThrow('mine');
    expect(tensors()).toBe(before);
  });

  it('where the loss throws', async () => {
    const before = tensors();
    const loss = () => {
      throw new Error('mine');
    };
    await expect(trained(net, { loss })).rejects.toThrow('mine');
    expect(tensors()).toBe(before);
  });

  it('where a layer throws', async () => {
    const before = tensors();
    const pixel = smallNet({ shape: [1, 1] });
    const inNet = tensors();
    await expect(trained(pixel, { batchSize: 1 }, new InOrder([1], [1, 1, 1], [0]))).rejects.toMatchObject({
      code: 'TRAINING',
      message: expect.stringContaining('one value per channel'),
    });
    expect(tensors()).toBe(inNet);
    pixel.dispose();
    expect(tensors()).toBe(before);
  });

  it('where a gradient throws', async () => {
    const before = tensors();
    const loss = tf.customGrad((...[logits]) => ({
      value: tf.mean(logits as tf.Tensor),
      gradFunc: () => {
        throw new Error('mine');
      },
    })) as unknown as TrainOptions['loss'];
    await expect(trained(net, { loss: (logits) => loss!(logits, logits as never) })).rejects.toThrow('mine');
    expect(tensors()).toBe(before);
  });

  it('where the schedule gives nonsense', async () => {
    const before = tensors();
    await expect(trained(net, { optimizer: sgd({ lr: () => Number.NaN, momentum: 0.5 }) })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringContaining('learning rate at step 0'),
    });
    expect(tensors()).toBe(before);
  });
});

it('its signal stops it before the next step, with the weights of the last', async () => {
  const controller = new AbortController();
  let last: unknown;
  const aborted = async () => {
    for await (const { step } of train(net, data, { ...options, signal: controller.signal })) {
      last = await values();
      if (step === 1) controller.abort();
    }
  };
  await expect(aborted()).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await values()).toEqual(last);
  await expect(evaluate(net, data, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
});

it('a loss that is not finite stops it, and takes no step', async () => {
  const broken = new InOrder(new Array<number>(60).fill(Number.NaN), [6, 5, 1], [0, 1]);
  const trainable = async () => (await values()).filter(([key]) => !key.includes('running'));
  const before = await trainable();
  await expect(trained(net, {}, broken)).rejects.toMatchObject({
    code: 'TRAINING',
    message: expect.stringMatching(/NaN at step 0.*learning rate/),
  });
  expect(await trainable()).toEqual(before);
});

it('leaves frozen layers as they are, statistics too, and trains the rest', async () => {
  for (const layer of net.layers) if (layer.name !== 'fc') layer.trainable = false;
  const before = new Map(await stateDict(net));
  await trained(net, { epochs: 2 });
  for (const [key, { data }] of await stateDict(net)) {
    if (key.startsWith('fc')) expect(data, key).not.toEqual(before.get(key)!.data);
    else expect(data, key).toEqual(before.get(key)!.data);
  }
});

it('a layer can be freed on the way', async () => {
  const fc = net.getLayer('fc');
  fc.trainable = false;
  const snapshots: unknown[] = [];
  for await (const { step } of train(net, data, options)) {
    snapshots.push([...((await stateDict(net)).get('fc.weight')!.data as Float32Array)]);
    if (step === 1) fc.trainable = true;
  }
  expect(snapshots[1]).toEqual(snapshots[0]);
  expect(snapshots[2]).not.toEqual(snapshots[1]);
});

it('refuses to train where all is frozen', async () => {
  net.trainable = false;
  await expect(trained(net)).rejects.toMatchObject({ code: 'TRAINING', message: expect.stringContaining('unfreeze') });
});

it('a seed repeats order, augmentation and dropout; another does not', async () => {
  const random = new Random(5);
  const pixels = Uint8Array.from({ length: 32 * 30 }, () => random.integer(256));
  const labels = Uint8Array.from({ length: 32 }, (_, i) => i % 4);
  const set = new PixelsDataset({ pixels, shape: [6, 5, 1], labels, categories: [...'abcd'], mean: [0.5], std: [0.3] });
  const runOf = async (seed: number) => {
    const model = smallNet({ rate: 0.5 });
    const losses: number[] = [];
    const more = { epochs: 2, batchSize: 8, augment: padAndCrop(1), random: new Random(seed) };
    for await (const { loss } of train(model, set, { ...options, ...more })) losses.push(loss);
    const result = { losses, values: await values(model) };
    model.dispose();
    return result;
  };
  const [first, again, other] = [await runOf(1), await runOf(1), await runOf(2)];
  expect(again).toEqual(first);
  expect(other.losses).not.toEqual(first.losses);
});

describe('batches that make one step', () => {
  const plain = () =>
    withRandom(new Random(1), () => buildModel('plain', seq({ pool: globalAvgPool, fc: linear(4) }), [6, 5, 1]));

  it('are one batch, the smaller last ones too', async () => {
    const [one, several] = [plain(), plain()];
    const whole = await trained(one, { batchSize: 24, epochs: 2 });
    const parts = await trained(several, { batchSize: 8, accumulate: 3, epochs: 2 });
    expect(parts.length).toBe(6);
    expect(relativeError(parts, whole)).toBeLessThanOrEqual(1e-5);
    const [expected, received] = [await stateDict(one), await stateDict(several)];
    for (const [key, { data }] of received)
      expect(relativeError(data as Float32Array, expected.get(key)!.data as Float32Array)).toBeLessThanOrEqual(1e-5);
    one.dispose();
    several.dispose();
  });

  it('leave nothing behind where the loop ends between them', async () => {
    const before = tf.memory().numTensors;
    let batches = 0;
    const loss: TrainOptions['loss'] = (logits, y) => {
      if (++batches === 2) throw new Error('mine');
      return crossEntropy()(logits, y);
    };
    await expect(trained(net, { accumulate: 3, loss })).rejects.toThrow('mine');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('clipNorm', () => {
  it('bounds the step', async () => {
    const trainable = async () =>
      (await values()).filter(([key]) => !key.includes('running')).flatMap(([, each]) => each);
    const before = await trainable();
    for await (const _ of train(net, data, { optimizer: sgd({ lr: 1 }), batchSize: 64, clipNorm: 1e-3 }));
    const moved = (await trainable()).map((value, i) => value - before[i]!);
    expect(Math.hypot(...moved)).toBeCloseTo(1e-3, 5);
  });

  it('stops at gradients that are not finite, with the weights of the step before', async () => {
    const [before, tensors] = [await values(), tf.memory().numTensors];
    // Finite, with a gradient that is not: the root's at 0.
    const loss = (logits: tf.Tensor) => tf.mean(tf.sqrt(tf.mul(logits, 0))) as tf.Scalar;
    await expect(trained(net, { clipNorm: 1, loss })).rejects.toMatchObject({ code: 'TRAINING' });
    const trainable = (of: typeof before) => of.filter(([key]) => !key.includes('running'));
    expect(trainable(await values())).toEqual(trainable(before));
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('mix', () => {
  it('learns from mixed images, and a seed repeats them', async () => {
    const runOf = async (seed: number) => {
      const model = smallNet();
      const losses = await trained(model, { mix: [mixup(), cutmix()], epochs: 10, random: new Random(seed) });
      const result = { losses, top1: (await evaluate(model, data)).top1 };
      model.dispose();
      return result;
    };
    const [first, again, other] = [await runOf(1), await runOf(1), await runOf(2)];
    expect(again).toEqual(first);
    expect(other.losses).not.toEqual(first.losses);
    expect(first.top1).toBe(1);
  });

  it('is drawn for each batch, where there are several', async () => {
    const used: string[] = [];
    const noting = (name: string): Mix => {
      const mix = mixup();
      return (...args) => {
        used.push(name);
        return mix(...args);
      };
    };
    await trained(net, { mix: [noting('a'), noting('b')], epochs: 5, random: new Random(1) });
    expect(used.length).toBe(20);
    expect(new Set(used)).toEqual(new Set(['a', 'b']));
  });

  it('leaves nothing behind where it throws', async () => {
    const before = tf.memory().numTensors;
    const mix = () => {
      throw new Error('mine');
    };
    await expect(trained(net, { mix })).rejects.toThrow('mine');
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('several labels an image: a sigmoid each', async () => {
  // Dark images have the labels 0 and 1, bright ones 1 and 2.
  const several = easyImages(64, 1, (label) => (label === 0 ? [1, 1, 0, 0] : [0, 1, 1, 0]));
  await trained(net, { loss: binaryCrossEntropy(), epochs: 40 }, several);
  const { loss, top1 } = await evaluate(net, several, { loss: binaryCrossEntropy() });
  expect(loss).toBeLessThan(0.1);
  expect(top1).toBe(1);
});

it('trains stock layers that have no place in a state dict', async () => {
  const seeded = initializers.glorotUniform({ seed: 1 });
  const input = layers.input({ shape: [6, 5, 1] });
  const depthwise = layers.depthwiseConv2d({ name: 'dw', kernelSize: 3, depthwiseInitializer: seeded }).apply(input);
  const x = layers.flatten().apply(layers.prelu({ name: 'act' }).apply(depthwise));
  const outputs = layers.dense({ units: 4, kernelInitializer: seeded }).apply(x) as SymbolicTensor;
  const model = layersModel({ inputs: input, outputs });
  const [first, ...rest] = await trained(model, { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), epochs: 5 });
  expect(rest.at(-1)).toBeLessThan(first! / 2);
  model.dispose();
});

it.each([
  ['a label above the classes', [0, 4], 'received 4'],
  ['a negative label', [0, -1], 'received -1'],
])('refuses %s', async (_, labels, message) => {
  const set = new InOrder(new Array<number>(60).fill(0), [6, 5, 1], labels);
  const expected = { code: 'INPUT', message: expect.stringContaining(message) };
  await expect(trained(net, {}, set)).rejects.toMatchObject(expected);
  await expect(evaluate(net, set)).rejects.toMatchObject(expected);
});

it('refuses a net that gives no logits', async () => {
  const headless = buildModel('maps', seq({ conv: (x) => x }), [6, 5, 1]);
  await expect(trained(headless)).rejects.toMatchObject({ code: 'SHAPE' });
  await expect(evaluate(headless, data)).rejects.toMatchObject({ code: 'SHAPE' });
  headless.dispose();
});

it.each([{ epochs: -1 }, { epochs: 1.5 }, { batchSize: 0 }, { batchSize: 2.5 }, { accumulate: 0 }, { clipNorm: 0 }])(
  'refuses %j',
  async (more) => {
    await expect(trained(net, more)).rejects.toMatchObject({ code: 'INPUT' });
  },
);

describe('evaluate', () => {
  it('weighs a smaller last batch by its images, and is the same for any batch size', async () => {
    const [whole, parts] = [await evaluate(net, data, { batchSize: 64 }), await evaluate(net, data, { batchSize: 7 })];
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(parts).toMatchObject({ top1: whole.top1, count: 64 });
    expect(parts).not.toHaveProperty('top5');
  });

  it('drops nothing out, and changes nothing', async () => {
    const dropping = smallNet({ rate: 0.9 });
    const before = await values(dropping);
    expect(await evaluate(dropping, data)).toEqual(await evaluate(dropping, data));
    expect(await values(dropping)).toEqual(before);
    dropping.dispose();
  });

  it('counts the five best of many classes', async () => {
    const wide = buildModel('wide', seq({ pool: globalAvgPool, fc: linear(8) }), [1, 1, 1]);
    const fc = wide.getLayer('fc');
    // On x = 1 the logits are 7, 6, …, 0.
    const [weight, bias] = [tf.tensor2d([[7, 6, 5, 4, 3, 2, 1, 0]]), tf.zeros([8])];
    fc.setWeights([weight, bias]);
    const labels = [0, 4, 5, 7];
    const set = new InOrder([1, 1, 1, 1], [1, 1, 1], labels);
    expect(await evaluate(wide, set)).toMatchObject({ top1: 0.25, top5: 0.5, count: 4 });
    tf.dispose([weight, bias]);
    wide.dispose();
  });

  it('an empty set is an error', async () => {
    await expect(evaluate(net, new InOrder([], [6, 5, 1], []))).rejects.toMatchObject({ code: 'INPUT' });
  });
});

it('refuses targets that are neither labels nor shares', async () => {
  const refused = (y: tf.Tensor) => {
    const set = {
      ...data,
      size: 2,
      *batches() {
        yield { x: tf.zeros([2, 6, 5, 1]) as tf.Tensor4D, y: y.clone() as tf.Tensor1D };
      },
    };
    const training = trained(net, {}, set as never);
    return training.finally(() => y.dispose());
  };
  await expect(refused(tf.tensor1d([0, 1, 2], 'int32'))).rejects.toMatchObject({ code: 'INPUT' });
  await expect(refused(tf.tensor1d([0, 1]))).rejects.toMatchObject({ code: 'INPUT' });
  await expect(refused(tf.zeros([2, 3]))).rejects.toThrow(/float32 \[2,4\]; received float32 \[2,3\]/);
  await expect(refused(tf.fill([2, 4], 1.5))).rejects.toThrow(/from 0 to 1, received 1.5/);
});

it('hitsAt of shares: the largest share counts, the best of several labels, and no label is no hit', () => {
  const count = (k: number, row: number[], shares: number[]) =>
    tf.tidy(() => hitsAt(k, tf.tensor2d([row]), tf.tensor2d([shares])).dataSync()[0]);
  expect(count(1, [3, 2, 1], [0.4, 0.6, 0])).toBe(0);
  expect(count(1, [3, 2, 1], [0.6, 0.4, 0])).toBe(1);
  expect(count(2, [3, 2, 1], [0.4, 0.6, 0])).toBe(1);
  expect(count(1, [3, 2, 1], [1, 0, 1])).toBe(1);
  expect(count(1, [3, 2, 1], [0, 1, 1])).toBe(0);
  expect(count(2, [3, 2, 1], [0, 1, 1])).toBe(1);
  expect(count(3, [3, 2, 1], [0, 0, 0])).toBe(0);
});

it('hitsAt: of equal logits the first is the larger, NaN is never right', () => {
  const count = (k: number, row: number[], label: number) =>
    tf.tidy(() => hitsAt(k, tf.tensor2d([row]), tf.tensor1d([label], 'int32')).dataSync()[0]);
  expect(count(1, [1, 1, 1], 0)).toBe(1);
  expect(count(1, [1, 1, 1], 1)).toBe(0);
  expect(count(2, [1, 1, 1], 1)).toBe(1);
  expect(count(1, [0, 5, 1], 1)).toBe(1);
  expect(count(3, [Number.NaN, Number.NaN, Number.NaN], 0)).toBe(0);
});
