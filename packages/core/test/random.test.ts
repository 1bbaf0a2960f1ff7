import { describe, expect, it } from 'vitest';
import { Random } from '../src/index.js';

describe('Random', () => {
  it('repeats a seed, and goes on from a state', () => {
    const [first, second] = [new Random(7), new Random(7)];
    const draws = Array.from({ length: 100 }, () => first.uint32());
    expect(Array.from({ length: 100 }, () => second.uint32())).toEqual(draws);
    const later = new Random(1);
    later.state = first.state;
    expect(later.fillNormal(new Float32Array(5000))).toEqual(first.fillNormal(new Float32Array(5000)));
    expect(later.state).toEqual(first.state);
  });

  it('draws words one by one and in blocks alike', () => {
    const [single, blocks] = [new Random(3), new Random(3)];
    const block = blocks.fillUniform(new Float32Array(9000));
    expect(block).toEqual(Float32Array.from({ length: 9000 }, () => single.uniform()));
  });

  it('parts neighbouring seeds, and seeds beyond 32 bits', () => {
    const firsts = [0, 1, 2, 2 ** 32, 2 ** 40, -1, 0.5 + 2 ** 33].map((seed) => new Random(seed).uint32());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('is uniform on [0, 1)', () => {
    const n = 200_000;
    const counts = new Array<number>(20).fill(0);
    for (const x of new Random(1).fillUniform(new Float32Array(n))) counts[Math.floor(x * 20)]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0);
    // 19 degrees of freedom: beyond 43.8 once in a thousand seeds.
    expect(chiSquare).toBeLessThan(43.8);
  });

  it('is normal: moments and tails', () => {
    const n = 1_000_000;
    const draws = new Random(2).fillNormal(new Float32Array(n));
    const moment = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / n;
    // Five standard errors of each estimate.
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    for (const [bound, probability] of [
      [1, 0.317310508],
      [2, 0.045500264],
      [3, 0.002699796],
      [3.7, 0.000215599],
    ] as const) {
      const share = draws.reduce((count, x) => count + (Math.abs(x) > bound ? 1 : 0), 0) / n;
      expect(Math.abs(share - probability)).toBeLessThan(5 * Math.sqrt(probability / n));
    }
  });

  it('shuffles every element to every place', () => {
    const random = new Random(5);
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let i = 0; i < 4000; i++)
      for (const [place, item] of random.shuffle([0, 1, 2, 3]).entries()) counts[item]![place]! += 1;
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });
});
