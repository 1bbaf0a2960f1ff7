import { type Preprocessing, useBackend } from '@cnnzoo/core';
import { tensor4d } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { picturesOf, tallyOf } from '../src/finetune/report/index.js';
import { commandOf } from '../src/finetune/settings.js';
import { epochLine } from '../src/progress/index.js';

const answer = (label: number, predicted: number, probability = 0.5) => ({
  file: `${label}.png`,
  label,
  predicted,
  probability,
});

describe('the tally', () => {
  const tally = tallyOf([answer(0, 0), answer(0, 1, 0.6), answer(0, 1, 0.9), answer(1, 1), answer(2, 0, 0.8)], 3);

  it('counts by what images are and what was named', () => {
    expect(tally.confusion).toEqual([
      [1, 2, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(tally.top1).toBe(2 / 5);
  });

  it('has the surest mistakes first, and the most frequent pairs', () => {
    expect(tally.wrong.map(({ probability }) => probability)).toEqual([0.9, 0.8, 0.6]);
    expect(tally.pairs.map(({ label, predicted, answers }) => [label, predicted, answers.length])).toEqual([
      [0, 1, 2],
      [2, 0, 1],
    ]);
  });
});

describe('a picture', () => {
  it.each([1, 3] as const)('of %i channels is what the net saw, to the bit', async (channels) => {
    await useBackend('cpu');
    const data = Uint8Array.from({ length: 5 * 7 * channels }, (_, i) => (i * 89) % 256);
    const [mean, std] = [0.4, 0.2];
    const values = Float32Array.from(data, (value) => (value / 255 - mean) / std);
    const x = tensor4d(values, [1, 5, 7, channels]);
    const preprocessing: Preprocessing = {
      resize: null,
      crop: [5, 7],
      channels,
      mean: Array(channels).fill(mean),
      std: Array(channels).fill(std),
      interpolation: 'bilinear',
    };
    const [url] = await picturesOf(x, preprocessing);
    x.dispose();
    const png = Buffer.from(url!.replace('data:image/png;base64,', ''), 'base64');
    const space = channels === 1 ? 'b-w' : 'srgb';
    const { data: read, info } = await sharp(png).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([7, 5, channels]);
    expect(new Uint8Array(read)).toEqual(data);
  });
});

describe('lines of a training', () => {
  it('tell what an epoch came to', () => {
    const record = { epoch: 2, stage: 0, steps: 9, loss: 0.8125, top1: 0.75, imagesPerSecond: 1 };
    expect(epochLine(record, 20)).toBe('epoch  3 of 20  loss 0.813, top-1 75.0 %');
  });

  it('give the command again, for a shell', () => {
    const options = {
      model: 'resnet18',
      freeze: 'none',
      epochs: 20,
      batchSize: 32,
      seed: 1,
      out: "it's here",
    } as const;
    expect(commandOf('my flowers', options)).toBe(
      "cnnzoo finetune 'my flowers' --freeze none --seed 1 --out 'it'\\''s here'",
    );
  });
});
