import { type LineFilter, lineFilters } from '@cnnzoo/kernels/resize';
import { describe, expect, test, vi } from 'vitest';
import { decodeImage } from '../../src/images/decode.js';
import { toGrey } from '../../src/images/image.js';
import { type Region, resize } from '../../src/images/resize.js';
import { scriptFilters } from '../../src/images/resize-script.js';
import { goldens, photo } from './goldens.js';
import { sha256, synthetic } from './noise.js';

describe('resize is Pillow, bit for bit', () => {
  test.each(goldens.resize)('$from to $to, $channels channels', ({ from, to, channels, sha256: expected }) => {
    const resized = resize(synthetic(...from, channels), ...to);
    expect(resized).toMatchObject({ width: to[0], height: to[1], channels });
    expect(sha256(resized.data)).toBe(expected);
  });

  test.each(goldens.photographs)('$image', async ({ image, size, grey, resized }) => {
    const pixels = await decodeImage(photo(image), image);
    expect([pixels.width, pixels.height]).toEqual(size);
    for (const { to, sha256: expected } of resized) expect(sha256(resize(pixels, ...to).data), `${to}`).toBe(expected);
    expect(sha256(toGrey(pixels).data)).toBe(grey);
  });
});

test('the alpha of RGBA changes nothing', () => {
  const rgba = synthetic(37, 29, 4);
  const rgb = { ...rgba, channels: 3 as const, data: rgba.data.filter((_, i) => i % 4 < 3) };
  for (const [width, height] of [
    [20, 15],
    [37, 15],
    [20, 29],
    [37, 29],
  ] as const)
    expect(resize(rgba, width, height)).toEqual(resize(rgb, width, height));
  expect(toGrey(rgba)).toEqual(toGrey(rgb));
});

test.each([
  [64, 48, 40, 30],
  [40, 30, 64, 48],
  [64, 48, 64, 30],
  [64, 48, 40, 48],
  [40, 30, 40, 30],
  [30, 100, 28, 40],
])('a region of %i x %i to %i x %i is that part of the whole', (w, h, width, height) => {
  for (const channels of [1, 3] as const) {
    const image = synthetic(w, h, channels);
    const whole = resize(image, width, height);
    const region: Region = { left: 7, top: 5, width: 21, height: 18 };
    const part = resize(image, width, height, region);
    const expected = Uint8Array.from({ length: 21 * 18 * channels }, (_, i) => {
      const x = Math.floor(i / channels) % 21;
      const y = Math.floor(i / channels / 21);
      return whole.data[((5 + y) * width + 7 + x) * channels + (i % channels)]!;
    });
    expect(part).toEqual({ data: expected, width: 21, height: 18, channels });
  }
});

describe('WebAssembly and JavaScript give the same bytes', () => {
  /** Averages of `span` neighbours, `outSize` of them evenly over the positions `from` to `to - 1`. */
  const averages = (from: number, to: number, outSize: number, span: number): LineFilter => ({
    first: Int32Array.from({ length: outSize }, (_, i) => from + Math.floor((i * (to - from - span)) / outSize)),
    count: new Int32Array(outSize).fill(span),
    weights: new Int32Array(outSize * (span + 1)).fill(Math.floor(2 ** 22 / span) + 1),
    stride: span + 1,
  });

  test.each([
    ['small', 7, 5, 3],
    ['one pixel', 1, 1, 2],
    ['more bytes than the module takes at once', 1500, 700, 40],
    ['one line alone is more than that', 200_000, 3, 90],
    ['a column is high', 3, 90_000, 50],
  ])('%s', (_, width, height, outSize) => {
    const wasm = lineFilters()!;
    for (const channels of [1, 3, 4] as const) {
      const image = synthetic(width, height, channels);
      const along = averages(10, 10 + width, outSize, Math.min(width, 5));
      const rows = wasm.rows(image, 10, along);
      expect(sha256(rows)).toBe(sha256(scriptFilters.rows(image, 10, along)));
      const narrow = { data: rows, width: outSize, height, channels: channels === 1 ? 1 : 3 };
      const down = averages(20, 20 + height, outSize, Math.min(height, 5));
      expect(sha256(wasm.columns(narrow, 20, down))).toBe(sha256(scriptFilters.columns(narrow, 20, down)));
    }
  });

  test('an image that is small after one that was large', () => {
    const wasm = lineFilters()!;
    for (const size of [3000, 4]) {
      const image = synthetic(size, 4, 3);
      const filter = averages(0, size, 4, 4);
      expect(sha256(wasm.rows(image, 0, filter))).toBe(sha256(scriptFilters.rows(image, 0, filter)));
    }
  });

  test('JavaScript alone, where WebAssembly is not compiled', async () => {
    const { WebAssembly: compiler } = globalThis;
    vi.resetModules();
    try {
      Reflect.deleteProperty(globalThis, 'WebAssembly');
      const { lineFilters } = await import('@cnnzoo/kernels/resize');
      expect(lineFilters()).toBe(null);
      const { resize: byScript } = await import('../../src/images/resize.js');
      const image = synthetic(50, 40, 3);
      expect(sha256(byScript(image, 20, 30).data)).toBe(sha256(resize(image, 20, 30).data));
    } finally {
      globalThis.WebAssembly = compiler;
    }
  });
});
