import { describe, expect, it } from 'vitest';
import { type FitOptions, type FitProgress, fit, sgd } from '../../../src/train.js';
import { data, directory, net, renewNet, setUp, validation } from './setup.js';

setUp({ images: 40, validated: 20 });

const options: FitOptions = { optimizer: sgd({ lr: 0.05 }), epochs: 2, batchSize: 16, seed: 3 };

/** Options that gather the events of a training. */
function gathered(more: Partial<FitOptions> = {}) {
  const events: FitProgress[] = [];
  return { events, options: { ...options, ...more, onProgress: (event: FitProgress) => void events.push(event) } };
}

/** Kind of work, how far it is, and the fraction of all steps. */
const placesOf = (events: readonly FitProgress[]) =>
  events.map((event) =>
    event.work === 'ended' ? ['ended', event.fraction] : [event.work, event.done, event.total, event.fraction],
  );

describe('onProgress', () => {
  it('is called after each step, during each validation, and when the training ends', async () => {
    const { events, options } = gathered({ validation });
    const { epochs } = await fit(net, data, options);
    expect(placesOf(events)).toEqual([
      ['training', 1, 3, 1 / 6],
      ['training', 2, 3, 2 / 6],
      ['training', 3, 3, 3 / 6],
      ['validation', 20, 20, 3 / 6],
      ['training', 1, 3, 4 / 6],
      ['training', 2, 3, 5 / 6],
      ['training', 3, 3, 1],
      ['validation', 20, 20, 1],
      ['ended', 1],
    ]);
    const last = events.filter(({ work, fraction }) => work === 'training' && fraction === 1)[0]!;
    const { loss, top1, imagesPerSecond } = epochs[1]!;
    expect(last).toEqual({
      ...{ work: 'training', epoch: 1, epochs: 2, done: 3, total: 3, fraction: 1 },
      ...{ loss, top1, imagesPerSecond, secondsLeft: 0 },
    });
  });

  it('tells the time that is left from the steps so far', async () => {
    const { events, options } = gathered();
    const begun = performance.now();
    await fit(net, data, options);
    const seconds = (performance.now() - begun) / 1000;
    for (const event of events)
      if (event.work === 'training' && event.fraction < 1) {
        expect(event.secondsLeft).toBeGreaterThan(0);
        expect(event.secondsLeft).toBeLessThan(6 * seconds);
      }
  });

  it('begins where a resumed training goes on, and ends one that is aborted', async () => {
    const stop = new AbortController();
    const first = gathered({
      checkpoint: directory,
      signal: stop.signal,
      onStep: ({ step }) => step === 3 && stop.abort(),
    });
    await expect(fit(net, data, first.options)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(placesOf(first.events).at(-1)).toEqual(['ended', 4 / 6]);
    renewNet();
    const second = gathered({ checkpoint: directory, resume: true });
    await fit(net, data, second.options);
    expect(placesOf(second.events)).toEqual([
      ['training', 2, 3, 5 / 6],
      ['training', 3, 3, 1],
      ['ended', 1],
    ]);
  });

  it('ends a training that fails', async () => {
    const fails = (): void => {
      throw new Error('full');
    };
    const { events, options } = gathered({ onStep: fails });
    await expect(fit(net, data, options)).rejects.toThrow('full');
    expect(events.map(({ work }) => work)).toEqual(['training', 'ended']);
  });

  it.each(['onProgress', 'onStep', 'onEpoch', 'onImages'] as const)(
    'is refused where it is no function: %s',
    async (name) => {
      const given = { ...options, [name]: true } as unknown as FitOptions;
      await expect(fit(net, data, given)).rejects.toMatchObject({
        code: 'INPUT',
        message: expect.stringContaining(name),
      });
    },
  );
});
