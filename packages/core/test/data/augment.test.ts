import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import type { PixelImage } from '../../src/data/augment/augment.js';
import {
  addLighting,
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  autocontrast,
  equalize,
  posterize,
  solarize,
} from '../../src/data/augment/colour.js';
import { fromRecipe } from '../../src/data/augment/from-recipe.js';
import { crop, drawCrop, flipHorizontally, flipVertically, rotate } from '../../src/data/augment/geometry.js';
import { erase } from '../../src/data/augment/random-erasing.js';
import { OPERATIONS } from '../../src/data/augment/trivial-augment-wide.js';
import {
  type Augment,
  colorJitter,
  compose,
  horizontalFlip,
  padAndCrop,
  pcaLighting,
  randomErasing,
  randomResizedCrop,
  rotation,
  trivialAugmentWide,
  verticalFlip,
} from '../../src/data.js';
import { resize } from '../../src/images/resize.js';
import { Random } from '../../src/util/random.js';
import { sha256, synthetic } from '../images/noise.js';

type Bytes = PixelImage<Uint8Array>;

/** Results of torchvision, written by tools/weights/torch/augment.py. */
interface Goldens {
  operations: {
    picture: [kind: 'noise' | 'flat', width: number, height: number, channels: 1 | 3];
    name: string;
    args: number[];
    sha256: string;
  }[];
  hues: Record<string, string>;
  trivial: Record<string, { magnitudes: number[]; signed: boolean; results: [magnitude: number, sha256: string][] }>;
  lighting: { alphas: number[]; sha256: string }[];
}
const goldens: Goldens = JSON.parse(readFileSync(new URL('goldens/augment.json', import.meta.url), 'utf8'));

function picture([kind, width, height, channels]: Goldens['operations'][number]['picture']): Bytes {
  const image = synthetic(width, height, channels);
  return kind === 'noise' ? image : { ...image, data: image.data.map((value) => Math.floor(value / 3) + 40) };
}

const OURS: Record<string, (image: Bytes, ...args: number[]) => PixelImage> = {
  'horizontal flip': flipHorizontally,
  'vertical flip': flipVertically,
  rotation: rotate,
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  sharpness: adjustSharpness,
  hue: adjustHue,
  posterize,
  solarize,
  autocontrast,
  equalize,
  'resized crop': (image, left, top, width, height, toWidth, toHeight) => {
    const part = crop(image, left!, top!, width!, height!) as Bytes;
    return resize({ ...part, channels: part.channels as 1 | 3 }, toWidth!, toHeight!) as PixelImage;
  },
  erase,
} as Record<string, (image: Bytes, ...args: number[]) => PixelImage>;

describe('as torchvision on PIL images, bit for bit', () => {
  test.each(Object.keys(OURS))('%s', (name) => {
    const cases = goldens.operations.filter((each) => each.name === name);
    expect(cases.length).toBeGreaterThan(0);
    for (const { picture: of, args, sha256: expected } of cases) {
      const image = picture(of);
      const before = sha256(image.data);
      expect(sha256(OURS[name]!(image, ...args).data), `${of} ${args}`).toBe(expected);
      expect(sha256(image.data), 'the image given stays').toBe(before);
    }
  });

  test.each(Object.entries(goldens.hues))('hue by %s, of 140,608 colours', (factor, expected) => {
    const levels = Array.from({ length: 52 }, (_, i) => 5 * i);
    const colours = levels.flatMap((r) => levels.flatMap((g) => levels.flatMap((b) => [r, g, b])));
    const image = { data: Uint8Array.from(colours), width: 52 ** 2, height: 52, channels: 3 };
    expect(sha256(adjustHue(image, Number(factor)).data)).toBe(expected);
  });

  test.each(Object.entries(goldens.trivial))('TrivialAugment-wide: %s', (name, { magnitudes, signed, results }) => {
    expect(Object.keys(OPERATIONS)).toEqual(Object.keys(goldens.trivial));
    const operation = OPERATIONS[name]!;
    expect(operation.magnitudes).toEqual(magnitudes);
    expect(operation.signed).toBe(signed);
    for (const [magnitude, expected] of results)
      expect(sha256(operation.apply(synthetic(37, 29, 3), magnitude).data), `${magnitude}`).toBe(expected);
  });

  test.each(goldens.lighting)("AlexNet's lighting by $alphas", ({ alphas, sha256: expected }) => {
    expect(sha256(addLighting(synthetic(37, 29, 3), alphas).data)).toBe(expected);
  });
});

const MANY = 4000;
const draws = <T>(draw: (random: Random) => T): T[] =>
  Array.from({ length: MANY }, (_, seed) => draw(new Random(seed)));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const within = (values: readonly number[], low: number, high: number): void => {
  expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
  expect(Math.max(...values)).toBeLessThanOrEqual(high);
};

/** Grey wedge of all bytes, which shows the factor of a change of tone. */
const wedge: Bytes = { data: Uint8Array.from({ length: 768 }, (_, i) => i / 3), width: 16, height: 16, channels: 3 };

describe('parameters over seeds', () => {
  it('randomResizedCrop: area 0.08 to 1, ratio 3/4 to 4/3, every place', () => {
    const image = { data: new Uint8Array(0), width: 400, height: 300, channels: 3 };
    const crops = draws((random) => drawCrop(image, [0.08, 1], [3 / 4, 4 / 3], random));
    const areas = crops.map(({ width, height }) => (width * height) / 120_000);
    within(areas, 0.079, 1);
    // Few of the largest crops fit, so the mean is below 0.54. The quantile is that of an even draw.
    expect(areas.filter((area) => area < 0.31).length / MANY).toBeGreaterThan(0.25);
    const ratios = crops.map(({ width, height }) => Math.log(width / height));
    within(ratios, Math.log(0.74), Math.log(1.35));
    expect(Math.abs(mean(ratios))).toBeLessThan(0.03);
    for (const { left, top, width, height } of crops) {
      within([left, left + width], 0, 400);
      within([top, top + height], 0, 300);
    }
    expect(mean(crops.map(({ left, width }) => left + width / 2))).toBeCloseTo(200, -1);
    expect(mean(crops.map(({ top, height }) => top + height / 2))).toBeCloseTo(150, -1);
  });

  it('randomResizedCrop takes the middle where no ratio fits', () => {
    const long = { data: new Uint8Array(0), width: 1000, height: 30, channels: 3 };
    const high = { ...long, width: 30, height: 1000 };
    const options = [[0.9, 1], [3 / 4, 4 / 3], new Random(1)] as const;
    expect(drawCrop(long, ...options)).toEqual({ left: 480, top: 0, width: 40, height: 30 });
    expect(drawCrop(high, ...options)).toEqual({ left: 0, top: 480, width: 30, height: 40 });
  });

  it('randomResizedCrop gives the size that it is asked for', () => {
    const image = randomResizedCrop([24, 20])(synthetic(64, 48, 3), new Random(1));
    expect(image).toMatchObject({ width: 20, height: 24, channels: 3 });
    expect(image.data.length).toBe(24 * 20 * 3);
  });

  it.each([
    ['horizontalFlip', horizontalFlip(0.3), flipHorizontally],
    ['verticalFlip', verticalFlip(0.3), flipVertically],
  ])('%s, as often as it is asked for', (_, augment, flip) => {
    const image = synthetic(5, 4, 3);
    const flipped = sha256(flip(image).data);
    const results = draws((random) => sha256(augment(image, random).data));
    expect(new Set(results)).toEqual(new Set([flipped, sha256(image.data)]));
    expect(results.filter((each) => each === flipped).length / MANY).toBeCloseTo(0.3, 1);
  });

  it('rotation: -degrees to degrees', () => {
    // Direction of a bright pixel, far from the centre.
    const size = 201;
    const data = new Uint8Array(size * size);
    for (let y = 95; y <= 105; y++) data.fill(255, y * size + 190, y * size + 200);
    const angles = Array.from({ length: 200 }, (_, seed) => {
      const { data: turned } = rotation(30)({ data, width: size, height: size, channels: 1 }, new Random(seed));
      let [x, y] = [0, 0];
      for (const [i, value] of turned.entries()) {
        x += value * ((i % size) - 100);
        y += value * (Math.floor(i / size) - 100);
      }
      return (Math.atan2(-y, x) * 180) / Math.PI;
    });
    within(angles, -30.5, 30.5);
    expect(Math.min(...angles)).toBeLessThan(-27);
    expect(Math.max(...angles)).toBeGreaterThan(27);
    expect(Math.abs(mean(angles))).toBeLessThan(4);
  });

  it('colorJitter: factors from 1 - x to 1 + x, in every order', () => {
    // Brightness alone gives 100 times the factor.
    const brightness = draws((random) => colorJitter({ brightness: 0.4 })(wedge, random).data[300]! / 100);
    within(brightness, 0.59, 1.4);
    expect(mean(brightness)).toBeCloseTo(1, 1);
    expect(Math.min(...brightness)).toBeLessThan(0.62);
    const above = draws((random) => colorJitter({ brightness: [2, 2.4] })(wedge, random).data[300]! / 100);
    within(above, 1.99, 2.4);
    // The result is at least 0: a factor of 0 makes black.
    within(
      draws((random) => colorJitter({ contrast: 3 })(wedge, random).data[0]!),
      0,
      128,
    );
    const image: Bytes = { data: Uint8Array.of(200, 40, 90, 10, 250, 30), width: 2, height: 1, channels: 3 };
    const orders = new Set(
      draws((random) => colorJitter({ brightness: [2, 2], contrast: [0.5, 0.5] })(image, random).data.join()),
    );
    expect(orders).toEqual(
      new Set([
        adjustContrast(adjustBrightness(image, 2), 0.5).data.join(),
        adjustBrightness(adjustContrast(image, 0.5), 2).data.join(),
      ]),
    );
    expect(colorJitter({})(image, new Random(1))).toEqual(image);
  });

  it('pcaLighting: the deviates of the paper', () => {
    // Red has the deviation 255 * 0.1 * |(0.2175 * -0.5675, 0.0188 * 0.7192, 0.0045 * 0.4009)|.
    const reds = draws((random) => pcaLighting()(wedge, random).data[384]! - 128);
    expect(Math.abs(mean(reds))).toBeLessThan(0.2);
    expect(Math.sqrt(mean(reds.map((value) => value ** 2)))).toBeCloseTo(3.17, 0);
    expect(() => pcaLighting()(synthetic(4, 4, 1), new Random(1))).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it('randomErasing: area 0.02 to 0.33, ratio 0.3 to 3.3, half of the images', () => {
    const image: Bytes = { data: new Uint8Array(100 * 80).fill(1), width: 100, height: 80, channels: 1 };
    const erased = draws((random) => {
      const { data } = randomErasing()(image, random);
      const [first, last] = [data.indexOf(0), data.lastIndexOf(0)];
      if (first < 0) return null;
      const [left, top, right, bottom] = [first % 100, Math.floor(first / 100), last % 100, Math.floor(last / 100)];
      const [width, height] = [right - left + 1, bottom - top + 1];
      expect(data.filter((value) => value === 0).length).toBe(width * height);
      return { width, height };
    }).filter((each) => each !== null);
    expect(erased.length / MANY).toBeCloseTo(0.5, 1);
    const areas = erased.map(({ width, height }) => (width * height) / 8000);
    within(areas, 0.018, 0.34);
    expect(mean(areas)).toBeCloseTo(0.17, 1);
    const ratios = erased.map(({ width, height }) => height / width);
    within(ratios, 0.27, 3.5);
    expect(randomErasing({ p: 1, value: 7 })(image, new Random(1)).data.includes(7)).toBe(true);
  });

  it('trivialAugmentWide: every operation, equally often', () => {
    const image = synthetic(16, 16, 3);
    const results = draws((random) => sha256(trivialAugmentWide()(image, random).data));
    const untouched = results.filter((each) => each === sha256(image.data)).length / MANY;
    // The identity leaves the image as it is, and so do others at a magnitude without effect: at least (1 + 9 / 31 + 6
    // / 31) / 14 in sum.
    expect(untouched).toBeGreaterThan(0.08);
    expect(untouched).toBeLessThan(0.16);
    // Results differ by magnitude and sign: Identity 1, AutoContrast 1 or none, Equalize 1, the rest up to 61 each.
    expect(new Set(results).size).toBeGreaterThan(250);
  });
});

const all: [string, Augment][] = [
  ['colorJitter', colorJitter({ brightness: 0.4, contrast: 0.4, saturation: [0.2, 1.5], hue: 0.1 })],
  ['horizontalFlip', horizontalFlip()],
  ['verticalFlip', verticalFlip(0.7)],
  ['padAndCrop', padAndCrop(4)],
  ['padAndCrop to a size', padAndCrop(1, 9)],
  ['pcaLighting', pcaLighting()],
  ['randomErasing', randomErasing({ p: 0.9, value: 3 })],
  ['randomResizedCrop', randomResizedCrop(20, { scale: [0.3, 0.9] })],
  ['rotation', rotation(20)],
  ['trivialAugmentWide', trivialAugmentWide()],
  ['compose', compose(padAndCrop(2), compose(horizontalFlip(), trivialAugmentWide()))],
];

it.each(all)('%s is made again from its recipe, and repeated by its seed', (_, augment) => {
  const copy = fromRecipe(structuredClone(augment.recipe!));
  const image = synthetic(32, 24, 3);
  const results = Array.from({ length: 20 }, (_, seed) => augment(image, new Random(seed)));
  for (const [seed, result] of results.entries()) expect(copy(image, new Random(seed))).toEqual(result);
  expect(new Set(results.map(({ data }) => sha256(data))).size).toBeGreaterThan(1);
});

it('an augmentation of the user goes to no other thread', () => {
  expect(compose(horizontalFlip(), (image) => image).recipe).toBeUndefined();
  expect(() => fromRecipe({ name: 'toString', args: [] })).toThrow(expect.objectContaining({ code: 'INPUT' }));
});

it('moves floats as it moves bytes, and changes no colours of floats', () => {
  const bytes = synthetic(9, 7, 3);
  const floats = { ...bytes, data: Float32Array.from(bytes.data) };
  const move = compose(padAndCrop(2), horizontalFlip(), verticalFlip(), rotation(40), randomErasing());
  for (let seed = 0; seed < 10; seed++) {
    const moved = move(floats, new Random(seed)).data;
    expect(moved).toBeInstanceOf(Float32Array);
    expect([...moved]).toEqual([...move(bytes, new Random(seed)).data]);
  }
  for (const augment of [colorJitter({ hue: 0.1 }), trivialAugmentWide(), randomResizedCrop(5), pcaLighting()])
    expect(() => augment(floats, new Random(1))).toThrow(expect.objectContaining({ code: 'INPUT' }));
});

it.each([
  () => padAndCrop(-1),
  () => padAndCrop(1.5),
  () => padAndCrop(0, 0),
  () => horizontalFlip(1.1),
  () => verticalFlip(Number.NaN),
  () => rotation(-3),
  () => randomResizedCrop(0),
  () => randomResizedCrop(8, { scale: [0.5, 0.1] }),
  () => randomResizedCrop(8, { ratio: [0, 1] }),
  () => randomErasing({ scale: [0, 2] }),
  () => colorJitter({ hue: 0.6 }),
  () => colorJitter({ brightness: -1 }),
  () => colorJitter({ contrast: [0.5, 0.2] }),
  () => pcaLighting(-0.1),
])('refuses what it is not defined for: %s', (make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'INPUT' }));
});
