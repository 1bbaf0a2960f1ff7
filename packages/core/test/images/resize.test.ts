import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/images/decode.js';
import { toGrey } from '../../src/images/image.js';
import { type Region, resize } from '../../src/images/resize.js';
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
