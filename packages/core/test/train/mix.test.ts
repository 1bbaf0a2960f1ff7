import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../../test/close.js';
import type { Targets } from '../../src/data/dataset.js';
import { Random, useBackend } from '../../src/index.js';
import { cutmixBox, symmetricBeta } from '../../src/train/loop/mix.js';
import { cutmix, type Mix, mixup } from '../../src/train.js';

beforeAll(() => useBackend('cpu'));

const [N, H, W, C] = [3, 6, 8, 2] as const;
const CLASSES = 4;
const labels = [2, 0, 3];
/** Every value tells its place. */
const pixels = Float32Array.from({ length: N * H * W * C }, (_, i) => i + 1);
const oneHot = (label: number) => Array.from({ length: CLASSES }, (_, c) => Number(c === label));

/** A mixed batch's values. Fails where anything but the result is left. */
function mixed(mix: Mix, random: Random, y = (): Targets => tf.tensor1d(labels, 'int32'), n: number = N) {
  const before = tf.memory().numTensors;
  const batch = { x: tf.tensor4d(pixels.slice(0, n * H * W * C), [n, H, W, C]), y: y() };
  const result = mix(batch, CLASSES, random);
  expect(tf.memory().numTensors).toBe(before + 4);
  expect(result.x.shape).toEqual([n, H, W, C]);
  expect(result.y.shape).toEqual([n, CLASSES]);
  const values = { x: [...result.x.dataSync()], y: result.y.arraySync() as number[][] };
  tf.dispose([batch.x, batch.y, result.x, result.y]);
  return values;
}

/** Returns the value at the same place in the previous image of the batch. */
const partnerOf = (i: number): number => pixels[(i - H * W * C + pixels.length) % pixels.length]!;

/** The shares of image `n`: `lambda` of its own label, the rest of its partner's. */
const sharesOf = (n: number, lambda: number): number[] => {
  const [own, other] = [oneHot(labels[n]!), oneHot(labels[(n + N - 1) % N]!)];
  return own.map((share, c) => lambda * share + (1 - lambda) * other[c]!);
};

describe('mixup', () => {
  it('adds each image and its partner, by a lambda of the batch, and so their targets', () => {
    const lambda = symmetricBeta(0.2, new Random(7));
    const { x, y } = mixed(mixup(0.2), new Random(7));
    const expected = [...pixels].map((value, i) => lambda * value + (1 - lambda) * partnerOf(i));
    expect(relativeError(x, expected)).toBeLessThanOrEqual(1e-6);
    for (const [n, shares] of y.entries()) expect(relativeError(shares, sharesOf(n, lambda))).toBeLessThanOrEqual(1e-6);
  });

  it('takes shares as it takes labels', () => {
    const shares = () => tf.tensor2d(labels.map(oneHot));
    expect(mixed(mixup(), new Random(1), shares)).toEqual(mixed(mixup(), new Random(1)));
  });

  it('mixes one image with itself', () => {
    const { x, y } = mixed(mixup(1), new Random(1), () => tf.tensor1d([2], 'int32'), 1);
    expect(relativeError(x, pixels.slice(0, x.length))).toBeLessThanOrEqual(1e-6);
    expect(relativeError(y[0]!, oneHot(2))).toBeLessThanOrEqual(1e-6);
  });
});

describe('cutmix', () => {
  it('pastes a box of the partner, to the bit, and shares the targets by its area', () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    const areas = seeds.map((seed) => {
      const random = new Random(seed);
      const { top, bottom, left, right } = cutmixBox(symmetricBeta(1, random), H, W, random);
      const { x, y } = mixed(cutmix(), new Random(seed));
      const expected = [...pixels].map((value, i) => {
        const [row, column] = [Math.floor(i / (W * C)) % H, Math.floor(i / C) % W];
        return row >= top && row < bottom && column >= left && column < right ? partnerOf(i) : value;
      });
      expect(x).toEqual(expected);
      const area = (bottom - top) * (right - left);
      for (const [n, shares] of y.entries())
        expect(relativeError(shares, sharesOf(n, 1 - area / (H * W)))).toBeLessThanOrEqual(1e-6);
      return area;
    });
    expect(new Set(areas).size).toBeGreaterThan(5);
  });

  it('its box has 1 - lambda of the area, and stays in the image', () => {
    const random = new Random(3);
    const boxes = Array.from({ length: 500 }, () => cutmixBox(0.75, 40, 20, random));
    for (const { top, bottom, left, right } of boxes) {
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(40);
      expect(right).toBeLessThanOrEqual(20);
    }
    const whole = boxes.filter(({ top, bottom, left, right }) => top > 0 && bottom < 40 && left > 0 && right < 20);
    for (const { top, bottom, left, right } of whole) expect([bottom - top, right - left]).toEqual([20, 10]);
    // The centre is uniform, so the box is whole in about half by half of the cases.
    expect(whole.length / boxes.length).toBeCloseTo(0.25, 0);
    expect(cutmixBox(1, 40, 20, random)).toSatisfy(({ top, bottom }) => top === bottom);
  });
});

describe('Beta(alpha, alpha)', () => {
  const draws = (alpha: number, count = 20_000): number[] => {
    const random = new Random(11);
    return Array.from({ length: count }, () => symmetricBeta(alpha, random));
  };

  it.each([0.05, 0.2, 0.5, 1, 4])('has the moments of alpha %d', (alpha) => {
    const values = draws(alpha);
    const moment = (of: (value: number) => number) => values.reduce((sum, value) => sum + of(value), 0) / values.length;
    expect(moment((value) => value)).toBeCloseTo(0.5, 1.7);
    // Five standard errors of the variance, at most.
    expect(Math.abs(moment((value) => (value - 0.5) ** 2) - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.004);
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it.each<[number, string, (x: number) => number]>([
    [1, 'uniform', (x) => x],
    [0.5, 'arcsine', (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [2, 'parabolic', (x) => x * x * (3 - 2 * x)],
  ])('of alpha %d is %s', (alpha, _, distribution) => {
    const values = draws(alpha).sort((a, b) => a - b);
    const gaps = values.map((value, i) => Math.abs(distribution(value) - (i + 0.5) / values.length));
    // Kolmogorov's bound at one in a million.
    expect(Math.max(...gaps)).toBeLessThan(2.7 / Math.sqrt(values.length));
  });

  it('is a number for any alpha', () => {
    for (const alpha of [1e-6, 1e6]) for (const value of draws(alpha, 100)) expect(value).toBeLessThanOrEqual(1);
  });
});

it.each([() => mixup(0), () => mixup(Number.NaN), () => cutmix(-1), () => cutmix(Number.POSITIVE_INFINITY)])(
  'refuses an alpha out of range (%#)',
  (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INPUT' }));
  },
);
