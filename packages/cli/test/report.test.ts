import { type Preprocessing, useBackend } from '@cnnzoo/core';
import { tensor4d } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { countLine, epochLine } from '../src/finetune/progress.js';
import { commandOf } from '../src/finetune/settings.js';
import { confusionMatrix } from '../src/report/confusion.js';
import { chart, ticksOf } from '../src/report/curves.js';
import { section } from '../src/report/html.js';
import { picturesOf } from '../src/report/pictures.js';
import { tallyOf } from '../src/report/tally.js';

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
    const [url] = picturesOf(x, preprocessing);
    x.dispose();
    const png = Buffer.from(url!.replace('data:image/png;base64,', ''), 'base64');
    const space = channels === 1 ? 'b-w' : 'srgb';
    const { data: read, info } = await sharp(png).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([7, 5, channels]);
    expect(new Uint8Array(read)).toEqual(data);
  });
});

describe('a chart', () => {
  it('has round numbers at its axis', () => {
    expect(ticksOf(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticksOf(0, 2.31)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(ticksOf(0, 0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  it('draws larger values higher, later ones further right', () => {
    const svg = chart('loss', [{ name: 'training', values: [3, 2, 1] }]);
    const points = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(3);
    for (const axis of [0, 1])
      expect(points.map((point) => point[axis]!)).toEqual(points.map((point) => point[axis]!).sort((a, b) => a - b));
  });

  it('has a point for a single epoch, and none for a loss that is no number', () => {
    const svg = chart('loss', [{ name: 'validation', values: [1, Number.NaN] }]);
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).not.toContain('NaN');
  });
});

describe('the confusion matrix', () => {
  const square = (count: number) =>
    Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => +(i === j)));
  const names = (count: number) => Array.from({ length: count }, (_, i) => `<class ${i}>`);

  it('has numbers for few classes, and colours alone for many', () => {
    for (const [count, numbers, labels] of [
      [3, 3, 6],
      [30, 0, 60],
      [100, 0, 0],
    ] as const) {
      const svg = confusionMatrix(square(count), names(count));
      expect(svg.match(/<rect/g)).toHaveLength(count);
      expect(svg.match(/pointer-events="none">1</g) ?? []).toHaveLength(numbers);
      expect(svg.match(/<text class="soft"/g) ?? []).toHaveLength(labels);
    }
  });

  it('takes names for text, not for markup', () => {
    expect(confusionMatrix(square(2), names(2))).not.toContain('<class');
  });
});

it('a section without content has no heading', () => {
  expect(section('Files left out', '')).toBe('');
});

describe('lines of a training', () => {
  it('tell how far it is', () => {
    expect(countLine('training', 5, 20, 'loss 0.812', 125)).toBe(
      'training  █████░░░░░░░░░░░░░░░  5 of 20  loss 0.812  2 min 05 s left',
    );
    expect(countLine('validation', 32, 64, '', undefined)).toBe('validation  ██████████░░░░░░░░░░  32 of 64');
  });

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
