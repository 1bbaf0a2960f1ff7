import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { openTensors, readAll } from '../../../src/checkpoint/open-tensors.js';
import type { StateDict } from '../../../src/checkpoint/tensors.js';
import { encodeSafetensors } from '../../../src/checkpoint/write.js';
import type { BatchOptions, Dataset } from '../../../src/data/dataset.js';
import { stateDict } from '../../../src/index.js';
import { BestWeights } from '../../../src/train/fit/best-weights.js';
import { Checkpoints } from '../../../src/train/fit/checkpoints.js';
import { crossEntropy, type FitOptions, fit, type History, type Loss, sgd } from '../../../src/train.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp({ rate: 0.3 });

let warned: MockInstance;
beforeEach(() => {
  warned = vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const options: FitOptions = {
  optimizer: sgd({ lr: 0.05, momentum: 0.9 }),
  batchSize: 16,
  epochs: 3,
  seed: 3,
};
const strip = ({ epochs }: History) => epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
const [OLD, NEW] = ['step-00000006.safetensors', 'step-00000009.safetensors'];
const pathOf = (name: string) => join(directory, name);

/** Rewrites a checkpoint as an older version wrote it, without a checksum, with another note. */
async function rewrite(
  name: string,
  change: (note: Record<string, unknown>, tensors: StateDict) => unknown,
): Promise<void> {
  const file = await openTensors(pathOf(name));
  const tensors = await readAll(file);
  const { hasChecksum: _, ...note } = JSON.parse(file.metadata['cnnzoo.fit']!);
  await file.close();
  const text = change(note, tensors);
  const metadata = { 'cnnzoo.fit': typeof text === 'string' ? text : JSON.stringify(text) };
  await writeFile(pathOf(name), Buffer.concat([...encodeSafetensors(tensors, metadata)]));
}

describe('a damaged checkpoint gives way to the one before', () => {
  let whole: unknown;
  let ended: unknown;
  beforeEach(async () => {
    const keep = { directory, keep: 2 };
    whole = strip(await fit(net, data, { ...options, checkpoint: keep }));
    ended = await weights();
    renewNet();
  });
  const resume = async () => strip(await fit(net, data, { ...options, checkpoint: directory, resume: true }));
  const givesWay = async () => {
    expect(await resume()).toEqual(whole);
    expect(await weights()).toEqual(ended);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(NEW));
  };

  const position = (more: object) => (note: Record<string, unknown>) => ({
    ...note,
    position: { ...(note.position as object), ...more },
  });
  const notes: [string, (note: Record<string, unknown>) => unknown][] = [
    ['no JSON', () => '{"format":1'],
    ['null', () => null],
    ['a list', () => []],
    ['a number', () => 1],
    ['text', () => '"format"'],
    ['an empty object', () => ({})],
    ['another format', (note) => ({ ...note, format: 2 })],
    ['no position', ({ position: _, ...note }) => note],
    ['a position of text', position({ batches: 'two' })],
    ['a negative position', position({ step: -1 })],
    ['a broken generator', position({ random: [1, 2, 3] })],
    ['no setup', ({ setup: _, ...note }) => note],
    ['a stage that is none', (note) => ({ ...note, stage: 'first' })],
    ['a stage behind the last', (note) => ({ ...note, stage: 7 })],
    ['epochs that are no list', (note) => ({ ...note, epochs: { 0: {} } })],
    ['progress that is none', (note) => ({ ...note, progress: null })],
    ['a best that is none', (note) => ({ ...note, best: 3 })],
  ];
  it.each(notes)('by a note that is %s', async (_, change) => {
    await rewrite(NEW, change);
    await givesWay();
  });

  it('by any flipped bit', async () => {
    const bytes = await readFile(pathOf(NEW));
    const header = 8 + Number(bytes.readBigUint64LE(0));
    const checkpoints = await Checkpoints.open(directory);
    // Many places of the header, all of the checksum's name, and some of the tensors.
    const key = bytes.indexOf('cnnzoo.fit.sha256');
    const places = [
      ...Array.from({ length: Math.ceil(header / 5) }, (_, i) => 5 * i),
      ...Array.from({ length: 20 }, (_, i) => key + i),
      ...Array.from({ length: 40 }, (_, i) => header + Math.floor(((bytes.length - header) * i) / 40)),
      bytes.length - 1,
    ];
    for (const [i, at] of places.entries()) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << (i % 8);
      await writeFile(pathOf(NEW), flipped);
      expect((await checkpoints.newest())!.position.epoch, `byte ${at}`).toBe(2);
    }
    await writeFile(pathOf(NEW), bytes);
    expect((await checkpoints.newest())!.position.epoch).toBe(3);
  });

  it.each([0, 7, 100, 1000])('by an end after %i bytes', async (length) => {
    await writeFile(pathOf(NEW), (await readFile(pathOf(NEW))).subarray(0, length));
    await givesWay();
  });

  it('by a directory in its place', async () => {
    await rm(pathOf(NEW));
    await mkdir(pathOf(NEW));
    await expect(resume()).rejects.toMatchObject({ code: 'FILE' });
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(NEW));
  });

  it('by weights that are not finite', async () => {
    await rewrite(NEW, (note, tensors) => {
      (tensors.get('model.fc.bias')!.data as Float32Array)[0] = Number.NaN;
      return note;
    });
    await givesWay();
  });

  it('and says so where none is left', async () => {
    await writeFile(pathOf(NEW), 'cut');
    await rewrite(OLD, () => null);
    await expect(resume()).rejects.toMatchObject({
      code: 'FORMAT',
      message: expect.stringMatching(/none of the checkpoints.*step-00000009.*step-00000006/s),
    });
  });

  it('and stays, until the training writes its own', async () => {
    await writeFile(pathOf(NEW), 'cut');
    const stop = new AbortController();
    const keep = { checkpoint: { directory, everySteps: 1, keep: 1 }, resume: true, signal: stop.signal };
    await expect(fit(net, data, { ...options, ...keep, onStep: () => stop.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    // The state of step 7 is not taken for an old one beside the damaged one of step 9.
    expect(await readdir(directory)).toEqual(['step-00000007.safetensors', NEW]);
    await givesWay();
  });

  it('one of an older version, without a checksum, is read', async () => {
    await rewrite(NEW, ({ frozen: _, activation: __, ...note }) => note);
    expect(await resume()).toEqual(whole);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('features in a directory are computed anew where they are damaged', () => {
  const all = (): FitOptions => ({ ...options, freeze: ['conv', 'bn'], features: { directory }, stepLosses: true });
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 5)],
    ['empty', (bytes) => bytes.subarray(0, 0)],
    ['garbage', () => Buffer.from('no features')],
    [
      'a flipped bit of a feature',
      (bytes) => {
        bytes[bytes.length - 300]! ^= 1;
        return bytes;
      },
    ],
    [
      'a flipped bit of a label',
      (bytes) => {
        bytes[bytes.length - 36]! ^= 1;
        return bytes;
      },
    ],
    ['a longer one', (bytes) => Buffer.concat([bytes, Buffer.alloc(4)])],
    [
      'other tensors',
      () =>
        Buffer.concat([
          ...encodeSafetensors(new Map([['features', { shape: [1], dtype: 'float32', data: Float32Array.of(1) }]])),
        ]),
    ],
  ];

  it.each(damages)('%s', async (_, damage) => {
    const whole = strip(await fit(net, data, all()));
    const [name] = (await readdir(directory)) as [string];
    const good = await readFile(pathOf(name));
    await writeFile(pathOf(name), damage(Buffer.from(good)));
    renewNet();
    expect(strip(await fit(net, data, all()))).toEqual(whole);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(name));
    expect(await readFile(pathOf(name))).toEqual(good);
  });

  it('refuses a data set that hands out less than it says', async () => {
    const short: Dataset = {
      size: data.size + 8,
      categories: data.categories,
      fingerprint: () => data.fingerprint(),
      batches: (given: BatchOptions) => data.batches(given),
    };
    await expect(fit(net, short, all())).rejects.toThrow(/says it holds 48 images: received 40/);
    const { features: _, ...inMemory } = all();
    await expect(fit(net, short, inMemory)).rejects.toThrow(/says it holds 48 images: received 40/);
    expect(await readdir(directory)).toEqual([]);
  });
});

it('a log with lines that are damaged, or not its own, goes on', async () => {
  const log = pathOf('log.jsonl');
  const all = { ...options, checkpoint: pathOf('run'), log };
  await fit(net, data, { ...all, epochs: 1 });
  await writeFile(log, `${await readFile(log, 'utf8')}{"event":"st\nnull\nmy own words\n{"event":"step","steps":4}\n`);
  renewNet();
  await fit(net, data, { ...all, resume: true });
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  expect(lines.slice(5, 8)).toEqual(['{"event":"st', 'null', 'my own words']);
  expect(JSON.parse(lines[8]!)).toMatchObject({ event: 'step', steps: 4, loss: expect.any(Number) });
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ event: 'epoch', steps: 9 });
});

describe('what is not finite', () => {
  /** Cross-entropy that is NaN at its calls `at`, of which a step makes one. */
  const nanAt = (at: number): Loss => {
    let calls = 0;
    return (logits, y) => {
      const loss = crossEntropy()(logits, y);
      return calls++ === at ? tf.mul(loss, Number.NaN) : loss;
    };
  };

  it('never is the best epoch', async () => {
    const evaluation = (loss: number) => ({ loss, top1: 0, count: 1 });
    const best = new BestWeights({ patience: 2, monitor: 'loss' });
    for (const [i, loss] of [Number.NaN, 3, Number.NaN, 2].entries())
      await best.see(evaluation(loss), async () => {
        return new Map([['epoch', { shape: [], dtype: 'int32', data: Int32Array.of(i) }]]);
      });
    expect(best.state).toMatchObject({ value: -2, since: 0 });
    expect(best.state!.weights.get('epoch')!.data[0]).toBe(3);
  });

  it('stops a training where it validates', async () => {
    const broken: Dataset = {
      size: 2,
      categories: ['a', 'b', 'c', 'd'],
      *batches() {
        yield { x: tf.fill([2, 6, 5, 1], Number.NaN), y: tf.tensor1d([0, 1], 'int32') };
      },
    };
    const all = { ...options, checkpoint: { directory, everySteps: 1 }, validation: broken };
    for (const more of [{}, { earlyStopping: { patience: 3 } }, { ema: { decay: 0.9 } }]) {
      await expect(fit(net, data, { ...all, ...more })).rejects.toMatchObject({
        code: 'TRAINING',
        message: expect.stringMatching(/validation's loss is NaN after 3 steps/),
      });
      expect(
        JSON.stringify([...(await stateDict(net)).values()].map(({ data }) => [...(data as Float32Array)])),
      ).not.toContain('null');
      for (const name of await readdir(directory)) await rm(pathOf(name));
    }
  });

  it.each([0, 1, 2, 5, 8])('stops it at step %i, whose state is that of the step before', async (at) => {
    const checkpoint = { directory, everySteps: 1 };
    const all: FitOptions = { ...options, ema: { decay: 0.9 } };
    const whole = strip(await fit(net, data, all));
    const ended = await weights();
    renewNet();
    await expect(fit(net, data, { ...all, checkpoint, loss: nanAt(at) })).rejects.toMatchObject({ code: 'TRAINING' });
    expect((await readdir(directory)).length).toBe(Math.min(at, 3));
    const stopped = await weights();
    renewNet();
    const allow = ['loss'] as const;
    const resumed = fit(net, data, { ...all, checkpoint, resume: { allow } });
    expect(strip(await resumed)).toEqual(whole);
    expect(await weights()).toEqual(ended);
    expect(JSON.stringify(stopped)).not.toContain('null');
  });

  it.each([2, 8])('is never written: weights that overflow at step %i', async (at) => {
    const exploding: FitOptions = {
      ...options,
      optimizer: sgd({ lr: (step) => (step === at ? 3e38 : 0.05) }),
      loss: (logits, y) => tf.mul(crossEntropy()(logits, y), 1000),
    };
    const checkpoint = { directory, everySteps: 1 };
    await expect(fit(net, data, { ...exploding, checkpoint })).rejects.toMatchObject({ code: 'TRAINING' });
    const state = (await (await Checkpoints.open(directory)).newest())!;
    expect(state.position.step + state.stepsBefore).toBe(at);
    for (const { data } of state.model.values()) expect([...(data as Float32Array)].every(Number.isFinite)).toBe(true);
  });
});

describe('fit refuses at once', () => {
  const empty: Dataset = { size: 0, categories: ['a'], *batches() {} };
  const cases: [string, Dataset | undefined, Partial<FitOptions>, RegExp][] = [
    ['an empty data set', empty, {}, /fit: expected a data set with at least one image/],
    ['an empty data set, with a freeze', empty, { freeze: ['conv'] }, /at least one image/],
    [
      'an empty validation',
      undefined,
      { validation: empty },
      /validation: expected a data set with at least one image/,
    ],
    ['an empty validation, with a freeze', undefined, { validation: empty, freeze: ['conv'] }, /validation: expected/],
    ['dropLast without a batch', undefined, { batchSize: 64, dropLast: true }, /dropLast leaves no batch/],
    ['a later stage without a batch', undefined, { stages: [{}, { batchSize: 64, dropLast: true }] }, /dropLast/],
    ['an unknown option', undefined, { learningRate: 1 } as never, /no option 'learningRate'/],
    ['an unknown option of a stage', undefined, { stages: [{}, { frozen: 'conv' } as never] }, /stage 1: .*'freeze'/],
    [
      'an unknown option of checkpoints',
      undefined,
      { checkpoint: { directory: 'x', every: 2 } as never },
      /'everySteps'/,
    ],
    [
      'an unknown option of early stopping',
      undefined,
      { earlyStopping: { patience: 1, metric: 'loss' } as never },
      /'metric'/,
    ],
    ['an unknown option of an average', undefined, { ema: { decay: 0.9, warmup: 1 } as never }, /'warmup'/],
    ['an unknown option of features', undefined, { features: { dir: 'x' } as never }, /'directory'/],
  ];
  it.each(cases)('%s', async (_, set, more, message) => {
    let steps = 0;
    const onStep = () => void steps++;
    const refused = fit(net, set ?? data, { ...options, validation, ...more, onStep });
    await expect(refused).rejects.toMatchObject({ code: 'INPUT', message: expect.stringMatching(message) });
    expect(steps).toBe(0);
  });

  it('a second training of the net, until the first is over', async () => {
    const first = fit(net, data, options);
    await expect(fit(net, data, options)).rejects.toMatchObject({ code: 'TRAINING' });
    await expect(fit({ model: net }, data, options)).rejects.toMatchObject({ code: 'TRAINING' });
    await first;
    await expect(fit(net, data, { ...options, batchSize: 0 })).rejects.toMatchObject({ code: 'INPUT' });
    await fit(net, data, options);
  });
});
