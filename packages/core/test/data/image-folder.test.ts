import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchOptions } from '../../src/data/dataset.js';
import { codePointOrder, folderLayout } from '../../src/data/folder-layout.js';
import {
  type Augment,
  compose,
  type Dataset,
  horizontalFlip,
  imageFolder,
  padAndCrop,
  trivialAugmentWide,
} from '../../src/data.js';
import type { Preprocessing } from '../../src/images/transform.js';
import { useBackend } from '../../src/index.js';
import { Random } from '../../src/util/random.js';
import { sha256 } from '../images/noise.js';

beforeAll(() => useBackend('cpu'));

const SIZE = 8;
const preprocessing: Preprocessing = {
  resize: null,
  crop: [SIZE, SIZE],
  channels: 3,
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
  interpolation: 'bilinear',
};

/** Returns a picture of one colour that encodes its number `id`, up to 65,535. */
const image = (id: number, format: 'png' | 'jpeg' | 'webp' = 'png'): Promise<Uint8Array> =>
  sharp({ create: { width: SIZE, height: SIZE, channels: 3, background: { r: id & 255, g: id >> 8, b: 77 } } })
    .toFormat(format)
    .toBuffer();

/** Returns the numbers and labels of the images that a data set yields, in order. */
async function idsOf(data: Dataset, options: Partial<BatchOptions> = {}): Promise<[id: number, label: number][]> {
  const out: [number, number][] = [];
  for await (const { x, y } of data.batches({ batchSize: 7, preprocessing, ...options })) {
    const values = x.dataSync();
    for (const [i, label] of y.dataSync().entries()) {
      const at = i * SIZE * SIZE * 3;
      const byte = (c: number) => Math.round((values[at + c]! * preprocessing.std[c]! + preprocessing.mean[c]!) * 255);
      out.push([byte(0) + 256 * byte(1), label]);
    }
    tf.dispose([x, y]);
  }
  return out;
}

/** Returns one hash of everything that a data set yields. */
async function digest(data: Dataset, options: Partial<BatchOptions> = {}): Promise<string> {
  const all: number[] = [];
  for await (const { x, y } of data.batches({ batchSize: 7, preprocessing, ...options })) {
    all.push(...x.dataSync(), ...y.dataSync());
    tf.dispose([x, y]);
  }
  return sha256(Float32Array.from(all));
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cnnzoo-folder-'));
});
afterAll(() => rm(root, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** Writes files into a new folder, by their paths in it. */
async function folderOf(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, path)), { recursive: true });
    await writeFile(join(root, name, path), content);
  }
  return join(root, name);
}

describe('folderLayout', () => {
  const paths = (layout: ReturnType<typeof folderLayout>) => layout.train.map(({ path, label }) => `${label} ${path}`);

  it('takes class folders and files in torchvision’s order, and images below them', () => {
    const layout = folderLayout(['b/img10.JPG', 'b/img2.png', 'a2/deep/y.jpeg', 'a2/z.png', 'a10/x.webp', 'B/1.png']);
    expect(layout.categories).toEqual(['B', 'a10', 'a2', 'b']);
    expect(paths(layout)).toEqual([
      '0 B/1.png',
      '1 a10/x.webp',
      '2 a2/z.png',
      '2 a2/deep/y.jpeg',
      '3 b/img10.JPG',
      '3 b/img2.png',
    ]);
    expect(layout.validation).toBeNull();
  });

  // torchvision sorts the folders' names without a slash at the end: 'x-' and 'x.' come after 'x', before 'x/y'. [p for
  // p, _ in torchvision.datasets.ImageFolder('…').samples]
  it('takes folders below a class in torchvision’s order', () => {
    const samples = ['a/10.png', 'a/x.png', 'a/X/1.png', 'a/x/1.png', 'a/x-/1.png', 'a/x./1.png', 'a/x/y/1.png'];
    expect(paths(folderLayout([...samples].reverse()))).toEqual(samples.map((path) => `0 ${path}`));
  });

  it.each(['val', 'valid', 'validation', 'test'])('takes train with %s', (name) => {
    const { validation, ...rest } = folderLayout(['train/a/1.png', 'train/b/2.png', `${name}/b/3.png`]);
    expect(rest.categories).toEqual(['a', 'b']);
    expect(rest.train.length).toBe(2);
    expect(validation).toEqual([{ path: `${name}/b/3.png`, label: 1 }]);
  });

  it.each([
    ['Training/a/1.png', 'Testing/a/2.png'],
    ['Train/a/1.png', 'Test/a/2.png'],
    ['TRAIN/a/1.png', 'Val/a/2.png'],
    ['train/a/1.png', 'VALIDATION/a/2.png'],
    ['cars_train/a/1.png', 'cars_test/a/2.png'],
    ['training_set/a/1.png', 'test_set/a/2.png'],
    ['seg_train/seg_train/a/1.png', 'seg_test/seg_test/a/2.png'],
    ['train/train/a/1.png', 'test/a/2.png'],
    ['a b-Train/a/1.png', 'a b-valid/a/2.png'],
  ])('takes the parts of %s and %s', (train, validation) => {
    const layout = folderLayout([train, validation]);
    expect(layout.categories).toEqual(['a']);
    expect(paths(layout)).toEqual([`0 ${train}`]);
    expect(layout.validation).toEqual([{ path: validation, label: 0 }]);
  });

  it.each([
    [
      ['train/1.png', 'plane/2.png', 'car/3.png'],
      ['car', 'plane', 'train'],
    ],
    [
      ['train/steam/1.png', 'plane/2.png'],
      ['plane', 'train'],
    ],
    [
      ['Test/1.png', 'val/2.png'],
      ['Test', 'val'],
    ],
    [
      ['a_train/1.png', 'b_test/2.png'],
      ['a_train', 'b_test'],
    ],
    [
      ['trains/1.png', 'tests/2.png'],
      ['tests', 'trains'],
    ],
    [['train/1.png'], ['train']],
  ])('takes %j for classes, because none has a partner', (files, categories) => {
    const layout = folderLayout(files);
    expect(layout.categories).toEqual(categories);
    expect(layout.validation).toBeNull();
    expect(layout.unused).toEqual([]);
  });

  it('takes a folder for training alone, where it holds the classes', () => {
    const layout = folderLayout(['train/a/1.png', 'train/b/2.png']);
    expect(layout.categories).toEqual(['a', 'b']);
    expect(layout.validation).toBeNull();
  });

  it('keeps the labels of classes without images, in either part', () => {
    const layout = folderLayout(
      ['train/a/1.png', 'train/c/1.png', 'val/b/2.png', 'val/c/3.png'],
      ['train', 'train/a', 'train/b', 'train/c', 'val', 'val/z'],
    );
    expect(layout.categories).toEqual(['a', 'b', 'c']);
    expect(paths(layout)).toEqual(['0 train/a/1.png', '2 train/c/1.png']);
    expect(layout.validation!.map(({ label }) => label)).toEqual([1, 2]);
  });

  it('takes two Unicode spellings of a name for one class', () => {
    const layout = folderLayout(['cafe\u0301/1.png', 'caf\u00e9/2.png', 'cafz/3.png']);
    expect(layout.categories).toEqual(['cafz', 'caf\u00e9']);
    expect(layout.train.map(({ label }) => label)).toEqual([0, 1, 1]);
    const parts = folderLayout(['train/cafe\u0301/1.png', 'val/caf\u00e9/2.png']);
    expect(parts.validation).toEqual([{ path: 'val/caf\u00e9/2.png', label: 0 }]);
  });

  it('names images that are in neither part', () => {
    expect(folderLayout(['train/a/1.png', 'val/a/2.png', 'test/a/3.png', '4.png']).unused).toEqual([
      'test/a/3.png',
      '4.png',
    ]);
  });

  it('validates on test only where there is nothing else that holds images', () => {
    const empty = folderLayout(
      ['train/a/1.png', 'test/a/2.png'],
      ['train', 'train/a', 'val', 'val/a', 'test', 'test/a'],
    );
    expect(empty.validation).toEqual([{ path: 'test/a/2.png', label: 0 }]);
    expect(folderLayout(['train/a/1.png'], ['train/a', 'val', 'train']).validation).toBeNull();
    const layout = folderLayout(['train/a/1.png', 'test/a/2.png', 'val/a/3.png']);
    expect(layout.validation).toEqual([{ path: 'val/a/3.png', label: 0 }]);
  });

  it('keeps what can never be decoded, to be reported', () => {
    expect(folderLayout(['a/1.gif', 'a/2.tiff']).train.length).toBe(2);
  });

  it.each([
    ['images beside the classes', ['a/1.png', '2.png'], /2\.png/],
    ['a class that is not trained on', ['train/a/1.png', 'val/z/2.png'], /val\/z\/2\.png/],
    [
      'two folders for training',
      ['train/a/1.png', 'val/a/2.png', 'x_train/a/1.png', 'x_val/a/2.png'],
      /train and x_train/,
    ],
    ['two folders for tests', ['train/a/1.png', 'Test/a/2.png', 'testing/a/3.png'], /Test and testing/],
    ['two folders for validation', ['train/a/1.png', 'val/a/2.png', 'valid/a/3.png'], /val and valid/],
  ])('refuses %s', (_, files, message) => {
    expect(() => folderLayout(files)).toThrow(expect.objectContaining({ code: 'INPUT' }));
    expect(() => folderLayout(files)).toThrow(message);
  });

  it('orders as Python sorts text, by code points', () => {
    // sorted(['a', 'a1', …]): the emoji is one code point, above U+FF5A, but its two code units are below U+FF5A.
    const sorted = ['1', '10', '2', 'Z', 'a', 'a1', 'a10', 'a1b', 'a2', 'b', 'ä', 'ｚ', '😀', '😀a', '😁'];
    expect([...sorted].reverse().sort(codePointOrder)).toEqual(sorted);
  });
});

describe('a thousand images, ten of them corrupt', () => {
  const TOTAL = 1000;
  const pathOf = (id: number): string => `class ${id % 4}/image ${id}.${['png', 'jpg', 'webp'][id % 3]}`;
  const corrupt = [3, 50, 111, 222, 333, 444, 555, 707, 888, 999];
  let folder: string;

  beforeAll(async () => {
    const files: Record<string, Uint8Array | string> = {};
    // All are PNGs, whatever their extension, because other formats change colours.
    for (let id = 0; id < TOTAL; id++) files[pathOf(id)] = await image(id);
    const whole = await image(9, 'jpeg');
    const damage = [
      new Uint8Array(0),
      'not an image',
      whole.subarray(0, whole.length >> 1),
      (await image(1)).subarray(0, 40),
      (await image(1, 'webp')).subarray(0, 20),
      'GIF89a and more',
      whole.subarray(0, 3),
      new Uint8Array(500),
      '<html></html>',
      (await image(1)).map((byte, i) => (i > 45 ? byte ^ 0xff : byte)),
    ];
    for (const [i, id] of corrupt.entries()) files[pathOf(id)] = damage[i]!;
    folder = await folderOf('thousand', files);
  });

  it('reports each by name, and loses none of the others', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const heard: number[] = [];
    const onImages = (done: number, total: number) => {
      heard.push(done);
      expect(total).toBe(TOTAL);
    };
    const data = await imageFolder(folder, { workers: 2, preprocessing, onImages });
    expect(heard.at(-1)).toBe(TOTAL);
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    expect(data.corrupt.map(({ name }) => name).sort()).toEqual(corrupt.map((id) => `${folder}/${pathOf(id)}`).sort());
    const said = warned.mock.calls.map(([text]) => text).join('\n');
    for (const { name, message } of data.corrupt) {
      expect(message).toContain(name);
      expect(said).toContain(name);
    }
    expect(data.train.size).toBe(TOTAL - corrupt.length);
    const ids = await idsOf(data.train, { shuffle: new Random(1), batchSize: 32 });
    const whole = Array.from({ length: TOTAL }, (_, id) => id).filter((id) => !corrupt.includes(id));
    expect(ids.map(([id]) => id).sort((a, b) => a - b)).toEqual(whole);
    for (const [id, label] of ids) expect(label).toBe(id % 4);
  });

  it('throws them, all by name, where it is asked to', async () => {
    const opening = imageFolder(folder, { workers: 1, corrupt: 'throw' });
    const error = await opening.catch((reason) => reason);
    expect(error).toMatchObject({ code: 'IMAGE' });
    for (const id of corrupt) expect(error.message).toContain(pathOf(id));
  });
});

describe('imageFolder', () => {
  let folder: string;
  beforeAll(async () => {
    const files: Record<string, Uint8Array> = {};
    for (let id = 0; id < 40; id++) files[`${id < 10 ? 'few' : 'many'}/${id}.png`] = await image(id);
    folder = await folderOf('plain', files);
  });

  it('splits every class by the seed', async () => {
    const open = (seed: number) => imageFolder(folder, { validation: 0.2, seed, workers: 0, preprocessing });
    const { train, validation, categories } = await open(1);
    expect(categories).toEqual(['few', 'many']);
    const held = await idsOf(validation!);
    expect(held.filter(([, label]) => label === 0).length).toBe(2);
    expect(held.filter(([, label]) => label === 1).length).toBe(6);
    const kept = await idsOf(train);
    expect([...kept, ...held].map(([id]) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(kept).toEqual([...kept].sort(([a], [b]) => a - b));
    expect(await idsOf((await open(1)).validation!)).toEqual(held);
    expect(await idsOf((await open(2)).validation!)).not.toEqual(held);
  });

  it('hands out the same, whatever the number of workers', async () => {
    const augment = compose(padAndCrop(2), horizontalFlip(), trivialAugmentWide());
    const own: Augment = (given, random) => augment(given, random);
    const epochs = async (workers: number, ...transforms: Augment[]): Promise<string[]> => {
      const { train } = await imageFolder(folder, { workers, preprocessing });
      const digests: string[] = [];
      for (const transform of transforms) {
        const random = new Random(3);
        digests.push(await digest(train, { shuffle: random, augment: { transform, random } }));
      }
      return digests;
    };
    // A function of the user's own runs on the calling thread, on pixels that the workers decode.
    const [expected, ours, other] = await epochs(0, augment, own, padAndCrop(2));
    expect(ours).toBe(expected);
    expect(other).not.toBe(expected);
    expect(await epochs(3, augment, own)).toEqual([expected, expected]);
  });

  it('draws anew in each epoch, and goes on where an epoch was left', async () => {
    const { train } = await imageFolder(folder, { workers: 0, preprocessing });
    const random = new Random(1);
    const options = { shuffle: random, augment: { transform: trivialAugmentWide(), random } };
    const first = random.state;
    const one = await idsOf(train, options);
    expect(await idsOf(train, options)).not.toEqual(one);
    random.state = first;
    expect(await idsOf(train, { ...options, skip: 3 })).toEqual(one.slice(21));
  });

  it('resizes to what the net takes, and leaves what an augmentation has brought to size', async () => {
    const small = { ...preprocessing, resize: 6, crop: [4, 4] } as const;
    const { train } = await imageFolder(folder, { workers: 1 });
    const transform: Augment = (given) => ({ ...given, data: new Uint8Array(48).fill(255), width: 4, height: 4 });
    for await (const { x, y } of train.batches({
      batchSize: 40,
      preprocessing: small,
      augment: { transform, random: new Random(1) },
    })) {
      expect(x.shape).toEqual([40, 4, 4, 3]);
      expect(x.dataSync()[0]).toBeCloseTo(2.5, 5);
      tf.dispose([x, y]);
    }
    await expect(idsOf(train, { preprocessing: undefined as never })).rejects.toMatchObject({ code: 'INPUT' });
  });

  it('names the file that an augmentation fails on, here and in a worker', async () => {
    // pcaLighting takes RGB alone, so its recipe fails on grey images when it runs.
    const grey = { ...preprocessing, channels: 1, mean: [0.5], std: [0.5] } as const;
    const failing = Object.assign(() => Promise.reject(new Error('here')) as never, {
      recipe: { name: 'pcaLighting', args: [0.1] },
    });
    const { train } = await imageFolder(folder, { workers: 1 });
    const run = idsOf(train, { preprocessing: grey, augment: { transform: failing, random: new Random(1) } });
    await expect(run).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining('few/0.png') });
    const own: Augment = () => {
      throw new Error('no such luck');
    };
    const here = idsOf(train, { augment: { transform: own, random: new Random(1) } });
    await expect(here).rejects.toMatchObject({ message: expect.stringMatching(/few\/0\.png: no such luck/) });
  });

  it('names a file that is gone or changed since it was checked', async () => {
    for (const workers of [0, 1]) {
      const own = await folderOf(`changing-${workers}`, { 'a/1.png': await image(1), 'a/2.png': await image(2) });
      const { train } = await imageFolder(own, { workers, preprocessing });
      await rm(join(own, 'a/2.png'));
      await expect(idsOf(train)).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('a/2.png') });
      await writeFile(join(own, 'a/2.png'), 'text');
      await expect(idsOf(train)).rejects.toMatchObject({ code: 'IMAGE', message: expect.stringContaining('a/2.png') });
    }
  });

  it('stops by a signal: in the check, and between and within batches', async () => {
    await expect(imageFolder(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    for (const workers of [0, 2]) {
      const { train } = await imageFolder(folder, { workers, preprocessing });
      const controller = new AbortController();
      const batches = train.batches({ batchSize: 4, signal: controller.signal });
      const { value } = await batches.next();
      tf.dispose([value!.x, value!.y]);
      controller.abort();
      await expect(batches.next()).rejects.toMatchObject({ code: 'ABORTED' });
      const slow = new AbortController();
      const waiting = train.batches({ batchSize: 40, signal: slow.signal }).next();
      slow.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
      // The data set still works in the next epoch.
      expect((await idsOf(train)).length).toBe(40);
    }
  });

  it('works ahead of the batch that is asked for, and no further', async () => {
    const { train } = await imageFolder(folder, { workers: 0, preprocessing });
    const seen: number[] = [];
    const transform: Augment = (given) => {
      seen.push(given.data[0]!);
      return given;
    };
    const batches = train.batches({ batchSize: 8, augment: { transform, random: new Random(1) } });
    const { value } = await batches.next();
    tf.dispose([value!.x, value!.y]);
    await vi.waitFor(() => expect(seen.length).toBe(24), 600_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen.length).toBe(24);
    await batches.return();
  });

  it('takes the files of a page', async () => {
    const files = await Promise.all(
      ['b/2.png', 'a/1.png', 'a/.DS_Store'].map(async (path, i) =>
        Object.defineProperty(new File([Uint8Array.from(await image(i))], path.split('/')[1]!), 'webkitRelativePath', {
          value: `flowers/${path}`,
        }),
      ),
    );
    for (const workers of [0, 1]) {
      const { train, categories } = await imageFolder(files, { workers, preprocessing });
      expect(categories).toEqual(['a', 'b']);
      expect(train.files.map(({ name }) => name)).toEqual(['flowers/a/1.png', 'flowers/b/2.png']);
      expect(await idsOf(train)).toEqual([
        [1, 0],
        [0, 1],
      ]);
    }
  });

  it('takes a share only where there is no folder for validation', async () => {
    const parts = await folderOf('parts', { 'train/a/1.png': await image(1), 'test/a/2.png': await image(2) });
    const { train, validation } = await imageFolder(parts, { workers: 0, validation: 0.5 });
    expect([train.size, validation!.size]).toEqual([1, 1]);
  });

  it('follows links, but not in a circle', async () => {
    const own = await folderOf('linked', { 'a/1.png': await image(5) });
    await symlink(join(folder, 'few'), join(own, 'b'));
    await symlink(own, join(own, 'a', 'up'));
    const { train } = await imageFolder(own, { workers: 0 });
    expect(train.size).toBe(11);
  });

  it.each([
    ['no such folder', 'nowhere', {}, 'FILE'],
    ['a folder without classes', 'empty', {}, 'INPUT'],
    ['a share of everything', 'plain', { validation: 1 }, 'INPUT'],
    ['half a worker', 'plain', { workers: 0.5 }, 'INPUT'],
    ['another word for corrupt', 'plain', { corrupt: 'ignore' as 'skip' }, 'INPUT'],
  ])('refuses %s', async (_, name, options, code) => {
    await mkdir(join(root, 'empty'), { recursive: true });
    await expect(imageFolder(join(root, name), options)).rejects.toMatchObject({ code });
  });

  it('workers keep no process alive, whether an epoch was finished or left', async () => {
    const child = fileURLToPath(new URL('workers-child.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child, folder], {
      cwd: fileURLToPath(new URL('../../../../', import.meta.url)),
    });
    // A process that waited for a worker or a timer would not have ended.
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({ size: 40 });
  });
});

it('reads the JPEG copy of CIFAR-10', async ({ skip }) => {
  const directory = process.env.CNNZOO_DATA;
  if (!directory) return skip('CNNZOO_DATA names no directory with CIFAR-10 as train and test folders');
  const { train, validation, categories, corrupt } = await imageFolder(directory);
  expect([train.size, validation!.size, categories.length, corrupt.length]).toEqual([50_000, 10_000, 10, 0]);
});

it.each([0, 1])(
  'an image of more than maxPixels counts as one that can not be decoded (%i workers)',
  async (workers) => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const large = await sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const folder = await folderOf(`pixels-${workers}`, {
      'a/small.png': await image(1),
      'a/large.png': large,
      'b/small.jpg': await image(2, 'jpeg'),
    });
    expect((await imageFolder(folder, { workers })).corrupt).toEqual([]);
    expect((await imageFolder(folder, { workers, maxPixels: 600 })).corrupt).toEqual([]);
    const { train, corrupt } = await imageFolder(folder, { workers, maxPixels: 599 });
    expect(train.size).toBe(2);
    expect(corrupt).toEqual([
      { name: `${folder}/a/large.png`, message: expect.stringContaining('30 x 20 pixels. Scale it down') },
    ]);
    await expect(imageFolder(folder, { workers, maxPixels: -1 })).rejects.toMatchObject({ code: 'INPUT' });
  },
);
