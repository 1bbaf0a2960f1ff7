import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { stateDict } from '../../../src/index.js';
import { evaluate, type FitOptions, fit, sgd } from '../../../src/train.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp();

const options = { optimizer: sgd({ lr: 0.05 }), batchSize: 16, seed: 3 } satisfies FitOptions;
const valuesOf = async (key: string) => [...((await stateDict(net)).get(key)!.data as Float32Array)];

describe('stages', () => {
  const stages: FitOptions['stages'] = [
    { freeze: ['conv', 'bn'], epochs: 2 },
    { freeze: [], epochs: 1, optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 8 },
  ];

  it('come one after the other, each with its own part frozen', async () => {
    const first = await valuesOf('conv.weight');
    const reading: Promise<number[]>[] = [];
    const onEpoch = () => void reading.push(valuesOf('conv.weight'));
    const { epochs } = await fit(net, data, { ...options, stages, onEpoch });
    const after = await Promise.all(reading);
    expect(epochs.map(({ epoch, stage, steps }) => [epoch, stage, steps])).toEqual([
      [0, 0, 3],
      [1, 0, 6],
      [2, 1, 11],
    ]);
    expect(after.slice(0, 2)).toEqual([first, first]);
    expect(after[2]).not.toEqual(first);
  });

  it.each([2, 6, 8])('go on after %i steps as if they had not been stopped', async (stopAfter) => {
    const all = { ...options, stages, stepLosses: true, validation, ema: { decay: 0.8 } };
    const strip = ({ epochs }: Awaited<ReturnType<typeof fit>>) =>
      epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
    const whole = strip(await fit(net, data, all));
    const ended = await weights();
    renewNet();
    const stop = new AbortController();
    let steps = 0;
    const onStep = () => ++steps === stopAfter && stop.abort();
    await expect(fit(net, data, { ...all, checkpoint: directory, signal: stop.signal, onStep })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    renewNet();
    expect(strip(await fit(net, data, { ...all, checkpoint: directory, resume: true }))).toEqual(whole);
    expect(await weights()).toEqual(ended);
    // Nothing is left to do.
    expect(strip(await fit(net, data, { ...all, checkpoint: directory, resume: true }))).toEqual(whole);
    expect(await weights()).toEqual(ended);
  });
});

describe('early stopping', () => {
  it('ends where nothing gets better, and puts the best weights back', async () => {
    const rising = { ...options, optimizer: sgd({ lr: (step) => (step < 9 ? 0.05 : 100) }), epochs: 20, validation };
    const { epochs } = await fit(net, data, { ...rising, earlyStopping: { patience: 2 } });
    const losses = epochs.map(({ validation }) => validation!.loss);
    const best = losses.indexOf(Math.min(...losses));
    expect(epochs.length).toBe(best + 3);
    expect((await evaluate(net, validation)).loss).toBe(losses[best]);
  });

  it('can watch the top-1', async () => {
    const { epochs } = await fit(net, data, {
      ...options,
      optimizer: sgd({ lr: 0 }),
      epochs: 9,
      validation,
      earlyStopping: { patience: 3, monitor: 'top1' },
    });
    expect(epochs.length).toBe(4);
  });
});

it('leaves the averaged weights in the net, which are those it validates', async () => {
  const { epochs } = await fit(net, data, { ...options, epochs: 2, validation, ema: { decay: 0.9 } });
  expect(await evaluate(net, validation)).toEqual(epochs.at(-1)!.validation);
});

describe('checkpoints', () => {
  const checkpoint = () => ({ directory, everySteps: 2, keep: 2 });

  it('keeps the newest, one after every epoch and so many steps', async () => {
    await fit(net, data, { ...options, epochs: 3, checkpoint: checkpoint() });
    expect(await readdir(directory)).toEqual(['step-00000008.safetensors', 'step-00000009.safetensors']);
  });

  it('goes on from the one before where the newest can not be read', async () => {
    const whole = await fit(net, data, { ...options, epochs: 3, checkpoint: checkpoint(), stepLosses: true });
    const ended = await weights();
    await writeFile(join(directory, 'step-00000009.safetensors'), 'cut short');
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    const again = await fit(net, data, {
      ...options,
      epochs: 3,
      checkpoint: checkpoint(),
      stepLosses: true,
      resume: true,
    });
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('step-00000009'));
    warned.mockRestore();
    expect(again.epochs.map(({ losses }) => losses)).toEqual(whole.epochs.map(({ losses }) => losses));
    expect(await weights()).toEqual(ended);
  });

  it('takes more stages, as if they had been there from the beginning', async () => {
    const stages = [{ epochs: 2 }, { epochs: 1, batchSize: 8, optimizer: sgd({ lr: 0.01, momentum: 0.9 }) }];
    const all = { ...options, ema: { decay: 0.8 }, stepLosses: true };
    const whole = await fit(net, data, { ...all, stages });
    const ended = await weights();
    renewNet();
    await fit(net, data, { ...all, stages: stages.slice(0, 1), checkpoint: directory });
    const resume = { ...all, checkpoint: directory, resume: true };
    const { epochs } = await fit(net, data, { ...resume, stages });
    expect(epochs.map(({ losses }) => losses)).toEqual(whole.epochs.map(({ losses }) => losses));
    expect(await weights()).toEqual(ended);
    await expect(fit(net, data, { ...resume, stages: stages.slice(0, 1) })).rejects.toThrow(/stages 2, received 1/);
    await expect(fit(net, data, { ...resume, stages: [{ epochs: 2 }, { epochs: 1 }, {}] })).rejects.toThrow(
      /batchSize 16,8, received 16,16/,
    );
  });

  it('takes more epochs, and nothing else that is other than it was', async () => {
    await fit(net, data, { ...options, checkpoint: directory });
    const resume = { ...options, checkpoint: directory, resume: true };
    expect((await fit(net, data, { ...resume, epochs: 2 })).epochs).toHaveLength(2);
    renewNet();
    const fresh = await weights();
    await expect(fit(net, data, { ...resume, batchSize: 8 })).rejects.toThrow(/batchSize 16, received 8/);
    await expect(fit(net, validation, resume)).rejects.toThrow(/images 40, received 20/);
    await expect(fit(net, data, { ...resume, seed: 4 })).rejects.toThrow(/seed 3, received 4/);
    // A refused training changes nothing.
    expect(await weights()).toEqual(fresh);
    const { seed: _, ...rest } = resume;
    expect((await fit(net, data, rest)).seed).toBe(3);
  });

  it('never mixes two trainings', async () => {
    await fit(net, data, { ...options, checkpoint: directory });
    await expect(fit(net, data, { ...options, checkpoint: directory })).rejects.toThrow(/holds checkpoints/);
  });

  it('begins where there is nothing to resume', async () => {
    expect((await fit(net, data, { ...options, checkpoint: directory, resume: true })).epochs).toHaveLength(1);
  });
});

it.each<[string, Partial<FitOptions>, RegExp]>([
  ['no optimizer', { optimizer: undefined as never }, /expected an optimizer/],
  ['no stages', { stages: [] }, /at least one stage/],
  ['resume without checkpoints', { resume: true }, /name their directory/],
  ['early stopping without validation', { earlyStopping: { patience: 1 } }, /give a validation set/],
  ['early stopping without patience', { earlyStopping: { patience: 0 } }, /patience above 0/],
  ['a frozen part that is none', { freeze: 'layer9' }, /No weight of 'small'/],
  ['nothing that trains', { freeze: () => true }, /no trainable weights/],
  ['a batch size of 0', { batchSize: 0 }, /batchSize/],
])('refuses %s', async (_, more, message) => {
  const set = 'earlyStopping' in more && more.earlyStopping!.patience === 0 ? { ...more, validation } : more;
  await expect(fit(net, data, { ...options, ...set })).rejects.toThrow(message);
});

it.each<[string, Partial<FitOptions>, RegExp]>([
  ['a part that the net does not have', { freeze: 'layer9' }, /No weight of 'small'/],
  ['an early stopping without patience', { earlyStopping: { patience: -1 } }, /patience above 0/],
  ['a negative norm', { clipNorm: -1 }, /clipNorm above 0/],
  ['a loss by its name', { loss: 'crossEntropy' as never }, /loss to be a function/],
])('finds %s of a later stage before the first step', async (_, later, message) => {
  const before = await weights();
  const onStep = vi.fn();
  const stages = [{ epochs: 1 }, later];
  await expect(fit(net, data, { ...options, validation, stages, onStep })).rejects.toThrow(message);
  expect(onStep).not.toHaveBeenCalled();
  expect(await weights()).toEqual(before);
  expect(net.trainableWeights).toHaveLength(6);
});
