import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/data/dataset.js';
import { stateDict } from '../../../src/index.js';
import { Checkpoints } from '../../../src/train/fit/checkpoints.js';
import { adamW, cosine, type FitOptions, fit, freeze, type History, mixup, sgd } from '../../../src/train.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp({ images: 40, validated: 10, rate: 0.3 });

const options: FitOptions = {
  optimizer: sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
  batchSize: 8,
  seed: 3,
  stepLosses: true,
  features: false,
};
const strip = ({ epochs }: History) => epochs.map(({ imagesPerSecond: _, ...rest }) => rest);

/** The images of `data`, with a signal that stops the training before its batch `at`, counted over all epochs. */
function stoppedBefore(at: number): { data: Dataset; signal: AbortSignal } {
  const stop = new AbortController();
  let count = 0;
  const set: Dataset = {
    size: data.size,
    categories: data.categories,
    fingerprint: () => data.fingerprint(),
    *batches(given) {
      const batches = data.batches(given)[Symbol.iterator]();
      for (;;) {
        if (count++ === at) stop.abort();
        const { value, done } = batches.next();
        if (done) return void count--;
        yield value;
      }
    },
  };
  return { data: set, signal: stop.signal };
}

interface Run {
  readonly options: FitOptions;
  /** Prepares a net, as the program does before it calls `fit`. */
  readonly prepare?: (net: LayersModel) => void;
  /** The same, where the program is started again. */
  readonly prepareAgain?: (net: LayersModel) => void;
}

/** Compares a training that is left alone with one that is stopped before a batch and resumed on a fresh net. */
async function compare({ options: all, prepare, prepareAgain = prepare }: Run, at: number): Promise<void> {
  prepare?.(net);
  const whole = strip(await fit(net, data, all));
  const ended = await weights();
  renewNet();
  prepare?.(net);
  const checkpoint = join(directory, `run-${at}`);
  const { data: set, signal } = stoppedBefore(at);
  await expect(fit(net, set, { ...all, checkpoint, signal })).rejects.toMatchObject({ code: 'ABORTED' });
  renewNet();
  prepareAgain?.(net);
  expect(strip(await fit(net, data, { ...all, checkpoint, resume: true }))).toEqual(whole);
  expect(await weights()).toEqual(ended);
  // Nothing is left to do, also on the net of the first time.
  expect(strip(await fit(net, data, { ...all, checkpoint, resume: true }))).toEqual(whole);
  expect(await weights()).toEqual(ended);
  renewNet();
}

const valuesOf = async (key: string) => [...((await stateDict(net)).get(key)!.data as Float32Array)];

describe('a resumed training has frozen what the untouched one has', () => {
  // Five batches an epoch.
  const stages: FitOptions['stages'] = [{ freeze: ['conv', 'bn'] }, { epochs: 2 }, { freeze: 'fc.bias' }, {}];

  it.each([0, 1, 4, 5, 6, 9, 10, 14, 15, 17, 20, 24])('by an earlier stage, stopped before batch %i', async (at) => {
    await compare({ options: { ...options, stages } }, at);
  });

  it.each([3, 5, 7])('by an earlier stage, over features that are kept, stopped after %i steps', async (steps) => {
    const { features: _, ...all }: FitOptions = { ...options, stages };
    const whole = strip(await fit(net, data, all));
    const ended = await weights();
    renewNet();
    const stop = new AbortController();
    let taken = 0;
    const onStep = () => ++taken === steps && stop.abort();
    const stopped = fit(net, data, { ...all, checkpoint: directory, signal: stop.signal, onStep });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    renewNet();
    expect(strip(await fit(net, data, { ...all, checkpoint: directory, resume: true }))).toEqual(whole);
    expect(await weights()).toEqual(ended);
  });

  it('to the bit, where the first stage froze a layer', async () => {
    const all: FitOptions = { ...options, stages: [{ freeze: ['conv'] }, { epochs: 3 }] };
    const first = await valuesOf('conv.weight');
    const checkpoint = directory;
    const { data: set, signal } = stoppedBefore(8);
    await expect(fit(net, set, { ...all, checkpoint, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    renewNet();
    await fit(net, data, { ...all, checkpoint, resume: true });
    expect(await valuesOf('conv.weight')).toEqual(first);
  });

  const byHand: [string, (net: LayersModel) => void][] = [
    ['by freeze', (net) => freeze(net, ['bn'])],
    ['by a layer', (net) => Object.assign(net.getLayer('conv'), { trainable: false })],
    ['by one weight', (net) => Object.assign(net.getLayer('fc').trainableWeights[1]!, { trainable: false })],
    [
      'by the weights of a norm',
      (net) => {
        for (const weight of [...net.getLayer('bn').trainableWeights]) weight.trainable = false;
      },
    ],
  ];
  it.each(byHand)('%s before fit, and also where the program that goes on does not', async (_, prepare) => {
    const all: FitOptions = { ...options, stages: [{ epochs: 1 }, { epochs: 2 }] };
    await compare({ options: all, prepare }, 3);
    await compare({ options: all, prepare }, 8);
    await compare({ options: all, prepare, prepareAgain: () => {} }, 11);
  });

  it('on the way, in a function of the caller', async () => {
    const onEpoch: FitOptions['onEpoch'] = ({ epoch }) => epoch === 0 && freeze(net, ['conv']);
    await compare({ options: { ...options, epochs: 3, onEpoch } }, 12);
  });

  it('in a checkpoint from before it was kept', async () => {
    const all: FitOptions = { ...options, stages };
    const whole = strip(await fit(net, data, all));
    renewNet();
    const { data: set, signal } = stoppedBefore(7);
    await expect(fit(net, set, { ...all, checkpoint: directory, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const checkpoints = await Checkpoints.open(directory);
    const { frozen: _, setup, ...old } = (await checkpoints.newest())!;
    const { fingerprint: __, ...oldSetup } = setup;
    await checkpoints.write({ ...old, setup: oldSetup }, 7);
    renewNet();
    expect(strip(await fit(net, data, { ...all, checkpoint: directory, resume: true }))).toEqual(whole);
  });
});

describe('a training that is stopped inside of a step goes on as if it had not been', () => {
  // Data sets are made when the tests begin.
  const all = (): FitOptions => ({
    ...options,
    optimizer: adamW({ lr: cosine(0.05) }),
    epochs: 2,
    batchSize: 4,
    accumulate: 4,
    mix: mixup(0.2),
    ema: { decay: 0.8 },
    validation,
    earlyStopping: { patience: 9 },
    clipNorm: 1,
  });

  it.each(Array.from({ length: 20 }, (_, i) => i))('before batch %i', async (at) => {
    await compare({ options: all() }, at);
  });

  it('on the same net, which is that of the last step', async () => {
    const whole = strip(await fit(net, data, all()));
    renewNet();
    const { data: set, signal } = stoppedBefore(6);
    const stopped = fit(net, set, { ...all(), checkpoint: directory, signal });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    const kept = (await (await Checkpoints.open(directory)).newest())!;
    expect(await stateDict(net)).toEqual(kept.model);
    expect(strip(await fit(net, data, { ...all(), checkpoint: directory, resume: true }))).toEqual(whole);
  });

  it('also where its data failed, and the newest checkpoint is of a step before', async () => {
    const whole = strip(await fit(net, data, all()));
    const ended = await weights();
    renewNet();
    const { data: set, signal } = stoppedBefore(11);
    const broken: Dataset = {
      ...set,
      async *batches(given) {
        for (const batch of set.batches(given) as Iterable<{ x: tf.Tensor4D; y: tf.Tensor1D }>) {
          if (signal.aborted) {
            tf.dispose([batch.x, batch.y]);
            throw new Error('no disk');
          }
          yield batch;
        }
      },
    };
    await expect(fit(net, broken, { ...all(), checkpoint: { directory, everySteps: 1 } })).rejects.toThrow('no disk');
    expect(strip(await fit(net, data, { ...all(), checkpoint: directory, resume: true }))).toEqual(whole);
    expect(await weights()).toEqual(ended);
  });
});

it('a stage that was stopped in its last validation is over, and the next begins as it would have', async () => {
  const stages: FitOptions['stages'] = [
    { epochs: 6, optimizer: sgd({ lr: 5 }), earlyStopping: { patience: 1 } },
    { epochs: 1, ema: { decay: 0.8 } },
  ];
  const stop = new AbortController();
  let validations = 0;
  const watched = (at: number): Dataset => ({
    size: validation.size,
    categories: validation.categories,
    fingerprint: () => validation.fingerprint(),
    batches(given) {
      if (++validations === at) stop.abort();
      return validation.batches(given);
    },
  });
  const all = { ...options, stages };
  const whole = strip(await fit(net, data, { ...all, validation }));
  const ended = await weights();
  const last = whole.filter(({ stage }) => stage === 0).length;
  expect(last).toBeLessThan(6);
  renewNet();
  const stopped = fit(net, data, { ...all, validation: watched(last), checkpoint: directory, signal: stop.signal });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  renewNet();
  expect(strip(await fit(net, data, { ...all, validation, checkpoint: directory, resume: true }))).toEqual(whole);
  expect(await weights()).toEqual(ended);
});
