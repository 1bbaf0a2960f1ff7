import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cifar10, fromTensors, imageFolder, mnist, type PixelsDataset } from '../../src/data.js';
import {
  buildModel,
  Classifier,
  cacheDirectory,
  globalAvgPool,
  linear,
  load,
  loadStateDict,
  readStateDict,
  saveStateDict,
  seq,
  stateDict,
  useBackend,
} from '../../src/index.js';
import * as page from '../../src/platform/browser/files.js';
import { localPath, pathOf } from '../../src/platform/node/files.js';
import { mirrorLocation } from '../../src/platform/node/network.js';
import { fit, sgd } from '../../src/train.js';

/** Path of a directory whose name needs escapes in a URL. */
let root: string;
let model: LayersModel;
let data: PixelsDataset;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'cnnzoo paths #1 100%25 é-'));
  await useBackend('cpu');
  const [x, y] = [tf.ones<tf.Rank.R4>([8, 4, 4, 1]), tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32')];
  data = await fromTensors(x, y);
  tf.dispose([x, y]);
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  model = buildModel('tiny', seq({ pool: globalAvgPool, fc: linear(2) }), [4, 4, 1]);
});
afterEach(() => model.dispose());

const preprocessing = {
  resize: null,
  crop: [4, 4],
  channels: 1,
  mean: [0],
  std: [1],
  interpolation: 'bilinear',
} as const;

/** Returns a path in each form that a path option takes. The last form is a URL of another realm. */
const formsOf = (path: string): [form: string, place: string | URL][] => [
  ['a path', path],
  ['a file: URL as text', pathToFileURL(path).href],
  ['a file: URL in capitals', pathToFileURL(path).href.replace('file:', 'FILE:')],
  ['a URL object', pathToFileURL(path)],
  ['a URL object of another realm', runInNewContext('new URL(href)', { URL, href: pathToFileURL(path).href }) as URL],
];

const FORMS = [
  'a path',
  'a file: URL as text',
  'a file: URL in capitals',
  'a URL object',
  'a URL object of another realm',
];
let places = 0;
const place = (form: string, name: string): { path: string; given: string | URL } => {
  const path = join(root, `place ${places++}`, name);
  return { path, given: formsOf(path).find(([other]) => other === form)![1] };
};

describe.each(FORMS)('%s', (form) => {
  it('is where a classifier is saved, and read again', async () => {
    for (const [name, file] of [
      ['net', 'net/model.safetensors'],
      ['net.safetensors', 'net.safetensors'],
    ] as const) {
      const { path, given } = place(form, name);
      await new Classifier({ model, preprocessing, categories: ['a', 'b'] }).save(given);
      expect(existsSync(join(path, '..', file))).toBe(true);
      const again = await load(given);
      expect(again.categories).toEqual(['a', 'b']);
      again.dispose();
    }
  });

  it('is where a state dict is saved, and read again', async () => {
    const { path, given } = place(form, 'net.safetensors');
    await saveStateDict(model, given);
    expect(existsSync(path)).toBe(true);
    await loadStateDict(model, given);
    expect((await readStateDict(given)).size).toBe((await stateDict(model)).size);
  });

  it('is where fit keeps checkpoints, log and features', async () => {
    const run = (name: string) => place(form, name);
    const [checkpoint, log, features] = [run('run'), run('my log.jsonl'), run('features')];
    const options = {
      optimizer: sgd({ lr: 0.1 }),
      seed: 1,
      checkpoint: checkpoint.given,
      log: log.given,
    };
    await fit(model, data, options);
    await fit(model, data, { ...options, checkpoint: { directory: checkpoint.given }, resume: true, epochs: 2 });
    expect(readdirSync(checkpoint.path)).toEqual(['step-00000001.safetensors', 'step-00000002.safetensors']);
    expect(existsSync(log.path)).toBe(true);
    const deep = buildModel('deep', seq({ pool: globalAvgPool, one: linear(3), two: linear(2) }), [4, 4, 1]);
    try {
      await fit(deep, data, {
        optimizer: sgd({ lr: 0.1 }),
        freeze: ['one'],
        features: { directory: features.given },
      });
    } finally {
      deep.dispose();
    }
    expect(readdirSync(features.path)).toEqual([expect.stringMatching(/^features-.*\.safetensors$/)]);
  });

  it('is where data sets are read', async () => {
    const { path, given } = place(form, 'data');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'test_batch.bin'), new Uint8Array(3073));
    expect((await cifar10(given, { split: 'test' })).size).toBe(1);
    writeFileSync(
      join(path, 't10k-images-idx3-ubyte'),
      Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9),
    );
    writeFileSync(join(path, 't10k-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 3));
    expect((await mnist(given, { split: 'test' })).size).toBe(1);
  });
});

it('a file: URL is where CNNZOO_CACHE and CNNZOO_MIRROR may be', async () => {
  const before = { ...process.env };
  try {
    process.env.CNNZOO_CACHE = pathToFileURL(join(root, 'a cache')).href;
    expect(await cacheDirectory()).toBe(join(root, 'a cache'));
    process.env.CNNZOO_CACHE = 's3://bucket/cache';
    await expect(cacheDirectory()).rejects.toMatchObject({ name: 'CnnzooError' });
    process.env.CNNZOO_MIRROR = 's3://bucket/mirror';
    expect(mirrorLocation).toThrow(/CNNZOO_MIRROR: .*s3:/);
    for (const location of ['mirror', '/mirror', 'https://example.com/zoo', pathToFileURL(root).href]) {
      process.env.CNNZOO_MIRROR = location;
      expect(mirrorLocation()).toBe(location);
    }
  } finally {
    for (const name of ['CNNZOO_CACHE', 'CNNZOO_MIRROR'])
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  }
});

const REFUSED: [string, string | URL][] = [
  ['the URL of a server', 'http://example.com/run'],
  ['a URL whose slashes path.join took away', 'https:/example.com/run'],
  ['the URL of a store', 's3://bucket/run'],
  ['a URL object of a server', new URL('https://example.com/run')],
  ['a URL object of a store', new URL('gs://bucket/run')],
  ['a data: URL', 'data:text/plain,run'],
  ['the file of another machine', 'file://server/share/run'],
  ['a file: URL without a root', 'file:run'],
  ['a file: URL with a hidden slash', 'file:///a%2Fb/run'],
  ['a file: URL with a stray per cent', 'file:///a%zz/run'],
  ['a file: URL that a name’s # would cut short', `${pathToFileURL(tmpdir())}/a#1/run`],
  ['a file: URL that a name’s ? would cut short', `${pathToFileURL(tmpdir())}/a?1/run`],
  ['no text', ''],
  ['a number', 5 as unknown as string],
  ['nothing', null as unknown as string],
];

describe.each(REFUSED)('%s is refused,', (_, given) => {
  const options = { optimizer: sgd({ lr: 0.1 }) };
  const named = (ending: string) => (typeof given === 'string' && given !== '' ? given + ending : given);

  it.each<[string, () => Promise<unknown>]>([
    ['save', () => new Classifier({ model, preprocessing, categories: null }).save(given)],
    ['saveStateDict', () => saveStateDict(model, named('.safetensors'))],
    ['fit’s checkpoint', () => fit(model, data, { ...options, checkpoint: { directory: given } })],
    ['fit’s log', () => fit(model, data, { ...options, log: given })],
    ['imageFolder', () => imageFolder(given)],
  ])('and makes nothing: %s', async (_name, run) => {
    const before = readdirSync('.');
    await expect(run()).rejects.toMatchObject({ name: 'CnnzooError' });
    expect(readdirSync('.')).toEqual(before);
  });
});

it('a drive’s letter, and a colon inside a name, make no URL', () => {
  for (const path of ['C:\\nets\\a', 'c:/nets/a', 'run-12:30/net', './http:/x', 'cat:1.jpg', 'a/b:c'])
    expect([localPath(path), pathOf(path)]).toEqual([path, path]);
});

it('a page names files by URLs, and has no place to write to', () => {
  expect(page.pathIn('/data/', 'a.bin')).toBe('/data/a.bin');
  expect(page.pathIn('mnist', 'a.bin')).toBe('mnist/a.bin');
  expect(page.pathIn(new URL('https://example.com/mnist?key=1#x'), 'a.bin')).toBe(
    'https://example.com/mnist/a.bin?key=1#x',
  );
  for (const given of ['run', 'file:///run', new URL('https://example.com/')])
    expect(() => page.pathOf(given)).toThrow(expect.objectContaining({ code: 'FILE' }));
});

describe('a place that can’t be written to is found before the first step:', () => {
  const steps: unknown[] = [];
  const options = { optimizer: sgd({ lr: 0.1 }), onStep: (step: unknown) => steps.push(step) };
  // The administrator may write everywhere, but nobody can make a directory below a file.
  const below = (name: string): string => {
    writeFileSync(join(root, name), '');
    return join(root, name, 'deep/run');
  };

  const linked = (name: string): string => {
    symlinkSync(join(root, 'nowhere', name), join(root, name));
    return join(root, name);
  };

  it.each<[string, () => object]>([
    ['checkpoints', () => ({ checkpoint: below('taken-1') })],
    ['a log', () => ({ log: join(below('taken-2'), 'log.jsonl') })],
    [
      'features of a later stage',
      () => ({ stages: [{}, { freeze: ['fc'], features: { directory: below('taken-3') } }] }),
    ],
    ['a link to nothing', () => ({ checkpoint: linked('gone') })],
    ['a file in the place of a directory', () => ({ checkpoint: join(below('taken-4'), '../..') })],
  ])('%s', async (_, more) => {
    await expect(fit(model, data, { ...options, ...more() })).rejects.toMatchObject({ code: 'FILE' });
    expect(steps).toEqual([]);
  });

  it('and one that can is left as it was', async () => {
    await expect(fit(model, data, { ...options, checkpoint: join(root, 'new/run'), epochs: 0 })).resolves.toBeDefined();
    expect(existsSync(join(root, 'new'))).toBe(false);
  });
});
