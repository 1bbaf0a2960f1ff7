import { readdir } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { relativeError } from '../../../../../test/close.js';
import { type Augment, horizontalFlip } from '../../../src/data.js';
import { cutOf } from '../../../src/graph/cut.js';
import { rowsInFile, rowsInMemory } from '../../../src/train/fit/features/features-dataset.js';
import { type FitOptions, fit, freeze, type History, mixup, sgd } from '../../../src/train.js';
import { bytesSource } from '../../../src/util/byte-source.js';
import { easyImages } from '../nets.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp({ rate: 0.3 });
afterEach(() => {
  vi.restoreAllMocks();
});

const options: FitOptions = {
  optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
  epochs: 3,
  batchSize: 16,
  seed: 3,
  stepLosses: true,
  freeze: ['conv', 'bn'],
};
const jitter: Augment = (image, random) => ({ ...image, data: image.data.map((v) => v + random.uniform()) });

/** How many images went through the first layer. */
const watched = (): (() => number) => {
  const conv = net.getLayer('conv');
  const call = vi.spyOn(conv, 'call');
  return () => call.mock.calls.reduce((sum, [x]) => sum + [x].flat()[0]!.shape[0]!, 0);
};
const numbers = ({ epochs }: History) =>
  epochs.flatMap(({ losses, top1, validation }) => [...losses!, top1, validation?.loss ?? 0, validation?.top1 ?? 0]);
/** Returns the values of all weights and running statistics, in one list. */
const values = async () => (await weights()).flatMap(([, each]) => each);

it('trains as it would on the images, which are computed once', async () => {
  const seen = watched();
  const features = await fit(net, data, { ...options, validation });
  const trained = await values();
  expect(seen()).toBe(data.size + validation.size);
  renewNet();
  const seenWithout = watched();
  const images = await fit(net, data, { ...options, validation, features: false });
  expect(seenWithout()).toBe(3 * (data.size + validation.size));
  expect(relativeError(numbers(features), numbers(images))).toBeLessThan(1e-6);
  expect(relativeError(trained, await values())).toBeLessThan(1e-6);
});

it('takes so many views of each image, and not the same in every epoch', async () => {
  const seen = watched();
  const run = await fit(net, data, { ...options, augment: jitter, features: { views: 2 }, validation });
  expect(seen()).toBe(2 * data.size + validation.size);
  const [first, second] = run.epochs;
  expect(first!.losses).not.toEqual(second!.losses);
});

it('tells how far it is with them, and with each validation', async () => {
  const heard: [string, number, number][] = [];
  const onImages: FitOptions['onImages'] = (...call) => heard.push(call);
  await fit(net, data, { ...options, augment: jitter, features: { views: 2 }, validation, onImages });
  const all = 2 * data.size + validation.size;
  const batches = [32, 40, 72, 80, 100].map((done) => ['features', done, all]);
  expect(heard).toEqual([...batches, ...Array(3).fill(['validation', validation.size, validation.size])]);
});

it('leaves images that change to every epoch', async () => {
  const seen = watched();
  await fit(net, data, { ...options, augment: jitter });
  expect(seen()).toBe(3 * data.size);
});

describe('a directory', () => {
  const kept = () => readdir(directory);
  const run = async (more: Partial<FitOptions> = {}, of = data) => {
    const seen = watched();
    const history = await fit(net, of, { ...options, features: { directory }, ...more });
    vi.restoreAllMocks();
    return { seen: seen(), history };
  };

  it('keeps them for the next run on the same weights and data', async () => {
    const first = await run();
    expect(first.seen).toBe(data.size);
    expect(await kept()).toEqual([expect.stringMatching(/^features-[0-9a-f]{32}\.safetensors$/)]);
    const again = await run();
    expect(again.seen).toBe(0);
    expect(again.history.epochs[0]!.losses).not.toEqual(first.history.epochs[0]!.losses);
    expect((await run({}, validation)).seen).toBe(validation.size);
    tf.tidy(() => void net.getLayer('conv').weights[0]!.write(tf.ones([3, 3, 1, 3])));
    expect((await run()).seen).toBe(data.size);
    expect(await kept()).toHaveLength(3);
  });

  it('gives what memory gives', async () => {
    const { history } = await run();
    renewNet();
    expect(numbers((await run()).history)).toEqual(numbers(history));
    renewNet();
    expect(numbers(await fit(net, data, options))).toEqual(numbers(history));
  });

  it('keeps nothing half-written where the signal comes in between', async () => {
    const stop = new AbortController();
    const call = vi.spyOn(net.getLayer('conv'), 'call');
    call.mockImplementationOnce((x) => {
      stop.abort();
      return tf.zeros([[x].flat()[0]!.shape[0]!, 6, 5, 3]);
    });
    await expect(run({ signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await kept()).toEqual([]);
  });

  it('keeps views of augmentations of this package', async () => {
    const views: Partial<FitOptions> = { augment: horizontalFlip(), features: { directory, views: 2 } };
    expect((await run(views)).seen).toBe(2 * data.size);
    expect((await run(views)).seen).toBe(0);
    expect((await run({ ...views, augment: horizontalFlip(0.1) })).seen).toBe(2 * data.size);
  });

  it('refuses what it could not find again', async () => {
    await expect(run({ augment: jitter, features: { directory, views: 2 } })).rejects.toThrow(/function of your own/);
    await expect(fit(net, easyImages(32), { ...options, features: { directory } })).rejects.toThrow(/no `fingerprint`/);
  });
});

it('says why there are none where they are asked for', async () => {
  const asked = { ...options, features: {} };
  await expect(fit(net, data, { ...asked, mix: mixup(0.2) })).rejects.toThrow(/same in every epoch/);
  await expect(fit(net, data, { ...asked, augment: jitter })).rejects.toThrow(/same in every epoch/);
  await expect(fit(net, data, { ...asked, freeze: [] })).rejects.toThrow(/freeze some first/);
});

describe('the cut', () => {
  const name = () => cutOf(net)?.sourceLayer.name;

  it('lies behind the last layer that nothing changes', () => {
    expect(name()).toBeUndefined();
    freeze(net, 'conv');
    expect(name()).toBe('conv');
    freeze(net, 'bn');
    // The pool, not the dropout behind it.
    expect(name()).toBe('pool');
    freeze(net, ['bn', 'drop']);
    expect(name()).toBe('drop');
    freeze(net, 'fc');
    expect(name()).toBe('drop');
  });
});

it('rows of a file are those of memory', async () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  const bytes = new Uint8Array(4 + 48);
  bytes.set(new Uint8Array(values.buffer), 4);
  const file = rowsInFile(async () => bytesSource(bytes, 'rows'), 4, 3);
  const indices = [2, 0, 2, 3];
  expect(await file.read(indices)).toEqual(await rowsInMemory(values, 3).read(indices));
  expect([...(await file.read([3]))]).toEqual([9, 10, 11]);
});
