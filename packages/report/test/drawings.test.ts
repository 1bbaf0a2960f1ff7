import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { confusionMatrix, lineChart, placed, section, svgFile, ticksOf } from '../src/index.js';

describe('a chart', () => {
  it('has round numbers at its axis', () => {
    expect(ticksOf(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticksOf(0, 2.31)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(ticksOf(0, 0.3)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  it('draws larger values higher, later ones further right', () => {
    const svg = lineChart({ title: 'loss', x: 'epoch', series: [{ name: 'training', values: [3, 2, 1] }] });
    const points = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(points).toHaveLength(3);
    for (const axis of [0, 1])
      expect(points.map((point) => point[axis]!)).toEqual(points.map((point) => point[axis]!).sort((a, b) => a - b));
  });

  it('has a point for a single epoch, and none for a loss that is no number', () => {
    const svg = lineChart({ title: 'loss', x: 'epoch', series: [{ name: 'validation', values: [1, Number.NaN] }] });
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

describe('a file of a drawing', () => {
  const svg = svgFile(
    lineChart({ title: 'loss & <more>', x: 'epoch', series: [{ name: 'a', values: [1] }], size: [720, 400] }),
  );

  it('has its namespace, its size and its style', () => {
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="720" height="400" viewBox="0 0 720 400"[^>]*><style>/,
    );
  });

  it('is XML that a renderer reads, on a background of its own', async () => {
    const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([720, 400]);
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('takes place in another', () => {
    expect(
      placed(lineChart({ title: '', x: '', series: [{ name: 'a', values: [1] }] }), {
        x: 1,
        y: 2,
        width: 3,
        height: 4,
      }),
    ).toMatch(/^<svg x="1" y="2" width="3" height="4" viewBox="0 0 460 280"/);
  });
});

it('a section without content has no heading', () => {
  expect(section('Files left out', '')).toBe('');
});
