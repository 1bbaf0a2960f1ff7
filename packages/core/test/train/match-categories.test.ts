import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { fromTensors, PixelsDataset } from '../../src/data.js';
import { type Net, Random, useBackend } from '../../src/index.js';
import { matchCategories } from '../../src/train/loop/match-categories.js';
import { evaluate, fit, sgd, train } from '../../src/train.js';
import { InOrder, smallNet, weightValues } from './nets.js';

const NAMES = ['ape', 'bee', 'cat', 'dog'];
/** The same classes, as another folder orders them. */
const OTHER = ['dog', 'ape', 'cat', 'bee'];

const random = new Random(5);
const CLASSES = Array.from({ length: 40 }, () => NAMES[random.integer(4)]!);
const PIXELS = Float32Array.from(
  CLASSES.flatMap((name) => Array.from({ length: 30 }, () => random.uniform() + NAMES.indexOf(name))),
);

/** The same images, with their classes numbered as `categories` lists them. */
const images = (categories: readonly string[], named?: boolean): PixelsDataset =>
  new PixelsDataset({
    pixels: PIXELS,
    shape: [6, 5, 1],
    labels: Int32Array.from(CLASSES, (name) => categories.indexOf(name)),
    categories,
    mean: [0],
    std: [1],
    ...(named !== undefined && { named }),
  });

let model: LayersModel;
let net: Net;
let warned: ReturnType<typeof vi.spyOn>;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  model = smallNet();
  net = { model, categories: NAMES };
  warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => {
  model.dispose();
  vi.restoreAllMocks();
});

const optimizer = sgd({ lr: 0.1, momentum: 0.9 });
const steps = { optimizer, epochs: 2, batchSize: 16 };
const options = { ...steps, seed: 3 };

/** Returns the result of training a fresh net. */
async function trained(run: (fresh: Net) => Promise<unknown>): Promise<unknown> {
  const fresh = smallNet();
  try {
    return [await run({ model: fresh, categories: NAMES }), await weightValues(fresh)];
  } finally {
    fresh.dispose();
  }
}

describe('classes in another order than the net has', () => {
  it('are evaluated by name', async () => {
    const right = await evaluate(net, images(NAMES));
    expect(await evaluate(net, images(OTHER))).toEqual(right);
    expect((await evaluate(net, images(OTHER), { matchCategories: false })).loss).not.toBe(right.loss);
  });

  it('are fitted by name, and so are those of the validation', async () => {
    const fitted = (data: readonly string[], validation: readonly string[]) =>
      trained(async (fresh) => {
        const { epochs } = await fit(fresh, images(data), { ...options, validation: images(validation) });
        return epochs.map(({ loss, validation }) => [loss, validation]);
      });
    const right = await fitted(NAMES, NAMES);
    expect(await fitted(OTHER, NAMES)).toEqual(right);
    expect(await fitted(NAMES, OTHER)).toEqual(right);
    expect(await fitted(OTHER, OTHER)).toEqual(right);
  });

  it('are fitted by name on the features of frozen layers', async () => {
    const fitted = (data: readonly string[]) =>
      trained((fresh) =>
        fit(fresh, images(data), { ...options, freeze: ['conv', 'bn'] }).then(({ epochs }) => epochs[1]!.loss),
      );
    expect(await fitted(OTHER)).toEqual(await fitted(NAMES));
  });

  it('are validated by the names of the training set, where the net has none', async () => {
    const validated = async (validation: readonly string[]) => {
      const fresh = smallNet();
      try {
        const { epochs } = await fit(fresh, images(NAMES), { ...options, validation: images(validation) });
        return epochs.map(({ validation }) => validation);
      } finally {
        fresh.dispose();
      }
    };
    expect(await validated(OTHER)).toEqual(await validated(NAMES));
    const strange = Object.assign(images(NAMES), { categories: ['w', 'x', 'y', 'z'] });
    await expect(fit(model, images(NAMES), { ...options, validation: strange })).rejects.toMatchObject({
      code: 'INPUT',
    });
  });

  it('are trained by name', async () => {
    const losses = (data: Dataset) =>
      trained(async (fresh) => {
        const all: number[] = [];
        for await (const { loss } of train(fresh, data, { ...steps, random: new Random(1) })) all.push(loss);
        return all;
      });
    const right = await losses(images(NAMES));
    expect(await losses(images(OTHER))).toEqual(right);
  });

  it('are matched by name as shares of classes too', async () => {
    const shares = (label: number) => [0, 1, 2, 3].map((at) => (at === label ? 0.7 : 0.1));
    const soft = (categories: readonly string[]): Dataset => {
      const labels = CLASSES.map((name) => categories.indexOf(name));
      return Object.assign(new InOrder([...PIXELS], [6, 5, 1], labels, shares), { categories });
    };
    expect(await evaluate(net, soft(OTHER))).toEqual(await evaluate(net, soft(NAMES)));
  });

  it('are said once', async () => {
    const strange = { model, categories: ['ape', 'bee', 'cat', 'dog\u202e'] };
    const data = Object.assign(images(OTHER), { categories: ['bee', 'ape', 'cat', 'dog\u202e'] });
    for (let i = 0; i < 2; i++) matchCategories(strange, data, {}, 'only here');
    expect(warned.mock.calls.flat().map(String)).toEqual([expect.stringMatching(/only here: .*matched by name/)]);
  });

  it('have a fingerprint of their own', async () => {
    const matched = matchCategories(net, images(OTHER), {}, 'fit');
    expect(matched.categories).toEqual(NAMES);
    expect(await matched.fingerprint!()).not.toBe(await images(OTHER).fingerprint());
  });
});

it('takes some of the net’s classes by name', async () => {
  const few = (categories: readonly string[]) => {
    const at = CLASSES.flatMap((name, i) => (categories.includes(name) ? [i] : []));
    return new PixelsDataset({
      pixels: Float32Array.from(at.flatMap((i) => [...PIXELS.subarray(30 * i, 30 * (i + 1))])),
      shape: [6, 5, 1],
      labels: Int32Array.from(at, (i) => categories.indexOf(CLASSES[i]!)),
      categories,
      mean: [0],
      std: [1],
    });
  };
  const { loss } = await evaluate(net, few(['cat', 'bee']));
  expect(loss).toBe((await evaluate(net, few(['bee', 'cat']))).loss);
  const own = matchCategories(net, few(['cat', 'bee']), {}, 'evaluate');
  for await (const { x, y } of own.batches({ batchSize: 100 })) {
    expect(new Set(y.dataSync())).toEqual(new Set([1, 2]));
    tf.dispose([x, y]);
  }
});

it('takes another Unicode spelling for the same name', async () => {
  const accented = { model, categories: ['caf\u00e9', 'bee', 'cat', 'dog'] };
  const data = images(NAMES);
  const spelt = Object.assign(data, { categories: ['cafe\u0301', 'bee', 'cat', 'dog'] });
  expect(matchCategories(accented, spelt, {}, 'fit')).toBe(spelt);
});

describe('names that the net does not have', () => {
  const strange = () => images([...NAMES.slice(0, 3), 'dog', 'yak\u001b[2J']);
  it.each([
    ['evaluate', (data: Dataset) => evaluate(net, data)],
    ['fit', (data: Dataset) => fit(net, data, options)],
    ["fit's validation", (data: Dataset) => fit(net, images(NAMES), { ...options, validation: data })],
    ['train', (data: Dataset) => train(net, data, steps).next()],
  ] as const)('%s refuses', async (where, run) => {
    const error = await Promise.resolve(run(strange())).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'INPUT', message: expect.stringContaining(where) });
    expect(error.message).toContain('matchCategories: false');
    expect(error.message).toContain('yak\\x1b[2J');
  });

  it('stand for the net’s own labels where that is said', async () => {
    const renamed = Object.assign(images(NAMES), { categories: ['w', 'x', 'y', 'z'] });
    await expect(evaluate(net, renamed)).rejects.toMatchObject({ code: 'INPUT' });
    expect(await evaluate(net, renamed, { matchCategories: false })).toEqual(await evaluate(net, images(NAMES)));
  });
});

it('refuses a name that stands for several classes, in another order', async () => {
  const cranes = { model, categories: ['crane', 'crane', 'cat', 'dog'] };
  const data = Object.assign(images(NAMES), { categories: ['cat', 'crane', 'crane', 'dog'] });
  await expect(evaluate(cranes, data)).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining('crane'),
  });
  const same = Object.assign(images(NAMES), { categories: [...cranes.categories] });
  await evaluate(cranes, same);
});

it('compares nothing where the net or the data set has no names', async () => {
  const right = await evaluate(model, images(OTHER));
  expect(await evaluate({ model, categories: null }, images(OTHER))).toEqual(right);
  const [x, y] = [
    tf.tensor4d(PIXELS, [40, 6, 5, 1]),
    tf.tensor1d(
      CLASSES.map((name) => OTHER.indexOf(name)),
      'int32',
    ),
  ];
  const unnamed = await fromTensors(x, y);
  tf.dispose([x, y]);
  expect(await evaluate(net, unnamed)).toEqual(right);
});

it('refuses a label that the data set has no class for', async () => {
  const wide = Object.assign(images(OTHER), { categories: ['dog', 'ape'] });
  const before = tf.memory().numTensors;
  await expect(evaluate(net, wide)).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(/2 classes/),
  });
  expect(tf.memory().numTensors).toBe(before);
});
