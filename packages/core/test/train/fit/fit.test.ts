import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Augment } from '../../../src/data.js';
import { cosine, evaluate, type FitOptions, fit, type History, mixup, sgd } from '../../../src/train.js';
import { smallNet } from '../nets.js';
import { data, directory, net, renewNet, setUp, validation, weights } from './setup.js';

setUp({ images: 50, validated: 30, rate: 0.3 });

const optimizer = sgd({ lr: cosine(0.1), momentum: 0.9 });
const jitter: Augment = (image, random) => ({ ...image, data: image.data.map((v) => v + 0.1 * random.uniform()) });
const options: FitOptions = { optimizer, epochs: 3, batchSize: 16, seed: 7, stepLosses: true };
const lossesOf = ({ epochs }: History) => epochs.map(({ losses }) => losses);

it('gives a record for each epoch, and trains', async () => {
  const { epochs, seed } = await fit(net, data, { ...options, epochs: 8, validation });
  expect(seed).toBe(7);
  expect(epochs.map(({ epoch, stage, steps, losses }) => [epoch, stage, steps, losses!.length])).toEqual(
    Array.from({ length: 8 }, (_, i) => [i, 0, 4 * (i + 1), 4]),
  );
  const [first, last] = [epochs[0]!, epochs.at(-1)!];
  expect(last.loss).toBeLessThan(first.loss / 2);
  expect(last.validation!.top1).toBeGreaterThan(0.9);
  expect(await evaluate(net, validation)).toEqual(last.validation);
  const images = [16, 16, 16, 2];
  const mean = first.losses!.reduce((sum, loss, i) => sum + loss * images[i]!, 0) / 50;
  expect(first.loss).toBeCloseTo(mean, 10);
});

it('repeats itself by its seed, whatever is random', async () => {
  const random = { ...options, augment: jitter, mix: mixup(0.2) };
  const run = async (seed: number) => {
    const fresh = smallNet({ rate: 0.3 });
    try {
      return lossesOf(await fit(fresh, data, { ...random, seed }));
    } finally {
      fresh.dispose();
    }
  };
  const losses = await run(7);
  expect(await run(7)).toEqual(losses);
  expect(await run(8)).not.toEqual(losses);
});

it('adds its log to what is there, but for a line that was cut short', async () => {
  const log = join(directory, 'log.jsonl');
  await writeFile(log, '{"event":"start","seed":1}\n{"event":"st');
  await fit(net, data, { ...options, epochs: 1, log });
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line).event);
  expect(events).toEqual(['start', 'start', ...Array(4).fill('step'), 'epoch']);
});

describe('goes on', () => {
  it.each([1, 3, 4, 6, 11])('after %i steps as if it had never been stopped', async (stopAfter) => {
    const all: FitOptions = {
      ...options,
      augment: jitter,
      mix: mixup(0.2),
      accumulate: 2,
      batchSize: 7,
      validation,
      ema: { decay: 0.9 },
      earlyStopping: { patience: 9 },
      log: join(directory, 'log.jsonl'),
    };
    const strip = ({ epochs }: History) => epochs.map(({ imagesPerSecond: _, ...rest }) => rest);
    const whole = strip(await fit(net, data, { ...all, log: join(directory, 'whole.jsonl') }));
    const ended = await weights();
    renewNet();
    const stop = new AbortController();
    const stopped = fit(net, data, {
      ...all,
      checkpoint: { directory: join(directory, 'run'), everySteps: 2 },
      signal: stop.signal,
      onStep: ({ step }) => step + 1 === stopAfter && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    renewNet();
    const resumed = await fit(net, data, { ...all, checkpoint: join(directory, 'run'), resume: true });
    expect(strip(resumed)).toEqual(whole);
    expect(await weights()).toEqual(ended);
    const lines = async (name: string) =>
      (await readFile(join(directory, name), 'utf8'))
        .split('\n')
        .map((line) => line.replace(/"imagesPerSecond":[^,]*,/, ''));
    expect(await lines('log.jsonl')).toEqual(await lines('whole.jsonl'));
  });
});
