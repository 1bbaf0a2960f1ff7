import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import {
  compose,
  type Dataset,
  fromTensors,
  horizontalFlip,
  imageFolder,
  PixelsDataset,
  padAndCrop,
} from '../../../src/data.js';
import { batchNorm, buildModel, dropout, globalAvgPool, linear, relu, sameConv, seq } from '../../../src/index.js';
import {
  adamW,
  binaryCrossEntropy,
  cosine,
  crossEntropy,
  cutmix,
  type FitOptions,
  fit,
  mixup,
  type ResumeDifference,
  rmsprop,
  type Schedule,
  sgd,
  step,
  warmup,
} from '../../../src/train.js';
import { Random, withRandom } from '../../../src/util/random.js';
import { easyImages, noise } from '../nets.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp({ rate: 0.3 });

const options: FitOptions = { optimizer: sgd({ lr: 0.05 }), batchSize: 16, seed: 3 };

/** Trains an epoch with one set of options, then resumes with another. */
async function resumed(then: Partial<FitOptions>, now: Partial<FitOptions>, sets: readonly Dataset[] = [data, data]) {
  await fit(net, sets[0]!, { ...options, ...then, checkpoint: directory });
  renewNet();
  return fit(net, sets[1]!, { ...options, epochs: 2, ...now, checkpoint: directory, resume: now.resume ?? true });
}

type Case = [name: ResumeDifference, then: Partial<FitOptions>, now: Partial<FitOptions>, message: RegExp];

const own = () => 0.05;
const cases: Case[] = [
  ['optimizer', {}, { optimizer: adamW({ lr: 0.05 }) }, /optimizer\.name "sgd", received "adamW"/],
  ['optimizer', {}, { optimizer: sgd({ lr: 0.01 }) }, /optimizer\.lr 0.05, received 0.01/],
  ['optimizer', {}, { optimizer: sgd({ lr: 0.05, weightDecay: 1e-4 }) }, /optimizer\.weightDecay 0, received 0.0001/],
  ['optimizer', {}, { optimizer: sgd({ lr: cosine(0.05) }) }, /optimizer\.lr 0.05, received .*cosine/],
  ['optimizer', {}, { optimizer: sgd({ lr: own }) }, /optimizer\.lr 0.05, received "your own"/],
  ['optimizer', { optimizer: sgd({ lr: cosine(0.05) }) }, { optimizer: sgd({ lr: cosine(0.05, 0.01) }) }, /lr\.end 0/],
  [
    'optimizer',
    { optimizer: sgd({ lr: warmup(step(0.1, 5), 3) }) },
    { optimizer: sgd({ lr: warmup(step(0.1, 6), 3) }) },
    /lr\.schedule\.at 5, received 6/,
  ],
  [
    'optimizer',
    { optimizer: rmsprop({ lr: 0.01 }) },
    { optimizer: rmsprop({ lr: 0.01, groups: [{ match: 'fc', lr: 0.1 }] }) },
    /optimizer\.groups \[\], received/,
  ],
  ['loss', { loss: crossEntropy() }, { loss: crossEntropy({ labelSmoothing: 0.1 }) }, /loss\.labelSmoothing 0/],
  [
    'loss',
    { loss: crossEntropy() },
    { loss: crossEntropy({ classWeights: [1, 1, 1, 2] }) },
    /loss\.classWeights nothing/,
  ],
  ['loss', { loss: crossEntropy() }, { loss: binaryCrossEntropy() }, /loss\.name "crossEntropy"/],
  ['loss', {}, { loss: (logits, y) => crossEntropy()(logits, y) }, /loss null, received "your own"/],
  ['auxiliaryWeight', {}, { auxiliaryWeight: 0.4 }, /auxiliaryWeight 0.3, received 0.4/],
  ['shuffle', {}, { shuffle: false }, /shuffle true, received false/],
  ['augment', { augment: padAndCrop(1) }, { augment: padAndCrop(2) }, /augment\.args \[1\], received \[2\]/],
  ['augment', {}, { augment: horizontalFlip() }, /augment null, received/],
  [
    'augment',
    { augment: compose(padAndCrop(1), (image) => image) },
    { augment: compose(padAndCrop(2), (image) => image) },
    /augment\.args/,
  ],
  ['mix', { mix: mixup(0.2) }, { mix: mixup(0.3) }, /mix/],
  ['mix', { mix: mixup() }, { mix: [mixup(), cutmix()] }, /mix/],
  ['clipNorm', {}, { clipNorm: 1 }, /clipNorm null, received 1/],
  ['freeze', { freeze: ['conv'] }, { freeze: ['conv', 'bn'] }, /freeze \["conv"\], received \["conv","bn"\]/],
  ['ema', {}, { ema: { decay: 0.9 } }, /ema null/],
  ['ema', { ema: { decay: 0.9 } }, { ema: { decay: 0.99 } }, /ema\.decay 0.9, received 0.99/],
  ['features', { freeze: ['conv'] }, { freeze: ['conv'], features: false }, /features .*received false/],
  ['dropLast', {}, { dropLast: true }, /dropLast false, received true/],
  ['batchSize', {}, { batchSize: 8 }, /batchSize 16, received 8/],
  ['accumulate', {}, { accumulate: 2 }, /accumulate 1, received 2/],
];

describe('another training is not resumed in silence, and is where that is allowed', () => {
  it.each(cases)('%s (%#)', async (name, then, now, message) => {
    await fit(net, data, { ...options, ...then, checkpoint: directory });
    renewNet();
    const fresh = await weights();
    const again = { ...options, ...then, ...now, epochs: 2, checkpoint: directory };
    await expect(fit(net, data, { ...again, resume: true })).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(message),
    });
    await expect(fit(net, data, { ...again, resume: true })).rejects.toThrow(`allow: ['${name}']`);
    // A refused training changes nothing.
    expect(await weights()).toEqual(fresh);
    expect((await fit(net, data, { ...again, resume: { allow: [name] } })).epochs).toHaveLength(2);
  });

  it('says all that differs at once, and allows only what is named', async () => {
    const now = { optimizer: adamW({ lr: 1e-3 }), clipNorm: 1 };
    await expect(resumed({}, now)).rejects.toThrow(
      /optimizer\.name.*clipNorm null, received 1.*'optimizer', 'clipNorm'/s,
    );
    await expect(
      fit(net, data, { ...options, ...now, checkpoint: directory, resume: { allow: ['optimizer'] } }),
    ).rejects.toThrow(/clipNorm null/);
  });

  it('says of which stage', async () => {
    const stages = [{}, { clipNorm: 1 }];
    await expect(resumed({ stages }, { stages: [{}, { clipNorm: 2 }], epochs: 1 })).rejects.toThrow(
      /stage 1: clipNorm 1, received 2/,
    );
  });

  it('compares the epochs of stages that are over', async () => {
    const stages = [{ epochs: 1 }, { epochs: 1 }];
    await fit(net, data, { ...options, stages, checkpoint: directory });
    const resume = { ...options, checkpoint: directory, resume: true };
    await expect(fit(net, data, { ...resume, stages: [{ epochs: 2 }, {}] })).rejects.toThrow(
      /stage 0: epochs 1, received 2/,
    );
    expect((await fit(net, data, { ...resume, stages: [{ epochs: 1 }, { epochs: 2 }] })).epochs).toHaveLength(3);
  });
});

describe('the same training is resumed', () => {
  const schedule = (): Schedule => (step) => 0.1 / (1 + step);
  const same: [string, () => Partial<FitOptions>, () => Partial<FitOptions>][] = [
    [
      'with values made anew',
      () => ({ optimizer: sgd({ lr: cosine(0.1) }), mix: mixup(0.2), loss: crossEntropy() }),
      () => ({ optimizer: sgd({ lr: cosine(0.1) }), mix: mixup(0.2), loss: crossEntropy() }),
    ],
    [
      'with functions of the caller',
      () => ({
        optimizer: sgd({ lr: schedule() }),
        augment: (image) => image,
        mix: (images) => ({ x: tf.clone(images.x), y: tf.clone(images.y) }),
      }),
      () => ({
        optimizer: sgd({ lr: schedule() }),
        augment: (image) => image,
        mix: (images) => ({ x: tf.clone(images.x), y: tf.clone(images.y) }),
      }),
    ],
    [
      'with defaults said',
      () => ({}),
      () => ({
        shuffle: true,
        auxiliaryWeight: 0.3,
        dropLast: false,
        accumulate: 1,
        mix: [],
        augment: null,
        optimizer: sgd({
          lr: 0.05,
          momentum: 0,
          weightDecay: 0,
          nesterov: false,
          decayNormsAndBiases: true,
          groups: [],
        }),
      }),
    ],
    ['with reports of its own', () => ({}), () => ({ stepLosses: true, onStep: () => {}, onProgress: () => {} })],
  ];
  it.each(same)('%s', async (_, then, now) => {
    expect((await resumed(then(), now())).epochs).toHaveLength(2);
  });

  it('with a config that a function carries', async () => {
    const halving = (start: number) => Object.assign((step: number) => start / 2 ** step, { config: { start } });
    const of = (start: number) => ({ optimizer: sgd({ lr: halving(start) }) });
    await expect(resumed(of(0.1), of(0.2))).rejects.toThrow(/optimizer\.lr\.start 0.1, received 0.2/);
    await fit(net, data, { ...options, ...of(0.1), checkpoint: directory, resume: true });
  });
});

describe('data', () => {
  it('of the same size, but other images, are refused', async () => {
    const other = await noise(40, 9);
    await expect(resumed({}, {}, [data, other])).rejects.toThrow(/data\.content "[0-9a-f]+", received "[0-9a-f]+"/);
    await fit(net, other, { ...options, epochs: 2, checkpoint: directory, resume: { allow: ['data'] } });
  });

  it('with other labels, another order of images or another normalisation are refused', async () => {
    const pixels = Uint8Array.from({ length: 4 * 30 }, (_, i) => (i * 7) % 256);
    const base = { pixels, shape: [6, 5, 1] as const, categories: ['a', 'b', 'c', 'd'], mean: [0.5], std: [0.5] };
    const set = (more: object) => new PixelsDataset({ ...base, labels: Uint8Array.of(0, 1, 2, 3), ...more });
    await fit(net, set({}), { ...options, checkpoint: directory });
    const resume = (of: Dataset) => fit(net, of, { ...options, checkpoint: directory, resume: true });
    await expect(resume(set({ labels: Uint8Array.of(0, 1, 3, 2) }))).rejects.toThrow(/data\.content/);
    await expect(resume(set({ pixels: pixels.slice().reverse() }))).rejects.toThrow(/data\.content/);
    await expect(resume(set({ std: [0.4] }))).rejects.toThrow(/data\.content/);
    await expect(resume(set({ categories: ['b', 'a', 'c', 'd'] }))).rejects.toThrow(/categories \["a","b","c","d"\]/);
    await resume(set({}));
  });

  it('without a fingerprint are compared by their size', async () => {
    await resumed({}, {}, [easyImages(32, 1), easyImages(32, 2)]);
    await expect(fit(net, easyImages(33), { ...options, checkpoint: directory, resume: true })).rejects.toThrow(
      /images 32, received 33/,
    );
  });

  it('of validation are compared too', async () => {
    const other = await noise(20, 8);
    await expect(resumed({ validation }, { validation: other })).rejects.toThrow(/validation\.content/);
    await expect(fit(net, data, { ...options, checkpoint: directory, resume: true })).rejects.toThrow(
      /validation .*received null.*'validation'/s,
    );
    await fit(net, data, { ...options, validation: other, checkpoint: directory, resume: { allow: ['validation'] } });
  });

  it('may be more between epochs, and not within one', async () => {
    const more = await noise(50, 1);
    const allow = { resume: { allow: ['data'] as const } };
    expect((await resumed({}, allow, [data, more])).epochs).toHaveLength(2);
    const stop = new AbortController();
    const within = { ...options, checkpoint: join(directory, 'within') };
    await expect(fit(net, data, { ...within, signal: stop.signal, onStep: () => stop.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(fit(net, more, { ...within, ...allow })).rejects.toThrow(/middle of an epoch/);
  });

  it('in a folder are known by what they hold, wherever the folder lies', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-data-'));
    const png = (value: number) => encode({ width: 6, height: 5, channels: 1, data: new Uint8Array(30).fill(value) });
    const write = async (root: string, first: number) => {
      for (const [name, value] of [
        ['a/1.png', first],
        ['a/2.png', 9],
        ['b/1.png', 200],
        ['b/2.png', 250],
      ] as const) {
        await mkdir(join(folder, root, name, '..'), { recursive: true });
        await writeFile(join(folder, root, name), png(value));
      }
    };
    const open = async (root: string) => (await imageFolder(join(folder, root), { workers: 0 })).train;
    await Promise.all([write('one', 1), write('deep/copy', 1), write('other', 2)]);
    const [one, copy, other] = [await open('one'), await open('deep/copy'), await open('other')];
    expect(await copy.fingerprint()).toBe(await one.fingerprint());
    expect(await other.fingerprint()).not.toBe(await one.fingerprint());
    // A byte in the middle of a file, which keeps its size.
    const path = join(folder, 'deep/copy/b/2.png');
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    expect(await copy.fingerprint()).not.toBe(await one.fingerprint());
    await rm(folder, { recursive: true });
  });
});

describe('nets', () => {
  const small = (
    rate: number,
    more: { eps?: number; name?: string; shape?: [number, number, number] } = {},
  ): LayersModel =>
    withRandom(new Random(1), () =>
      buildModel(
        more.name ?? 'small',
        seq({
          conv: sameConv(3, 3),
          bn: batchNorm(more.eps === undefined ? {} : { eps: more.eps }),
          relu,
          pool: globalAvgPool,
          drop: dropout(rate),
          fc: linear(4),
        }),
        more.shape ?? [6, 5, 1],
      ),
    );

  it('of other settings are refused, though the weights fit', async () => {
    await fit(net, data, { ...options, checkpoint: directory });
    const resume = async (model: LayersModel, allow: ResumeDifference[] = []) => {
      const history = fit(model, data, { ...options, checkpoint: directory, resume: { allow } });
      await history.finally(() => model.dispose());
    };
    await resume(small(0.3));
    await expect(resume(small(0.5))).rejects.toThrow(/model\.layers/);
    await expect(resume(small(0.3, { eps: 1e-3 }))).rejects.toThrow(/model\.layers/);
    await expect(resume(small(0.3, { shape: [null as never, null as never, 1] }))).rejects.toThrow(/model\.layers/);
    await expect(resume(small(0.3, { name: 'other' }))).rejects.toThrow(/model small, received other/);
    await resume(small(0.5), ['model']);
  });

  it('with another preprocessing are refused', async () => {
    const preprocessing = {
      resize: 6,
      crop: [6, 5],
      interpolation: 'bilinear',
      mean: [0.5],
      std: [0.5],
      channels: 1,
    } as never;
    await fit({ model: net }, data, { ...options, checkpoint: directory });
    await expect(
      fit({ model: net, preprocessing }, data, { ...options, checkpoint: directory, resume: true }),
    ).rejects.toThrow(/preprocessing/);
  });
});

it('tensors of the same values are the same data', async () => {
  const make = async () => {
    const [x, y] = [tf.ones([4, 6, 5, 1]) as tf.Tensor4D, tf.tensor1d([0, 1, 2, 3], 'int32')];
    const set = await fromTensors(x, y);
    tf.dispose([x, y]);
    return set;
  };
  await resumed({}, {}, [await make(), await make()]);
});

it('the activation that an earlier stage has trained is that of the stage that goes on', async () => {
  const stages = [{ loss: binaryCrossEntropy() }, { epochs: 2 }];
  const all = { ...options, stages, stepLosses: true };
  const whole = await fit(net, data, all);
  renewNet();
  const stop = new AbortController();
  const onStep = () => ++steps === 4 && stop.abort();
  let steps = 0;
  await expect(fit(net, data, { ...all, checkpoint: directory, signal: stop.signal, onStep })).rejects.toMatchObject({
    code: 'ABORTED',
  });
  renewNet();
  const { epochs } = await fit(net, data, { ...all, checkpoint: directory, resume: true });
  expect(epochs.map(({ losses }) => losses)).toEqual(whole.epochs.map(({ losses }) => losses));
});

it.each<[FitOptions['resume'], RegExp]>([
  [{ allow: ['everything' as never] }, /can't allow 'everything'/],
  [{ allow: 'data' as never }, /a list of names/],
  [{ allowed: [] } as never, /no option 'allowed'/],
])('refuses resume: %j', async (resume, message) => {
  await expect(fit(net, data, { ...options, checkpoint: directory, resume })).rejects.toThrow(message);
});
