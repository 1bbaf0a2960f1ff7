import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Classifier, load, useBackend } from '@cnnzoo/core';
import { escaped, quoted, table } from '@cnnzoo/report';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cnnzoo } from './command.js';
import { CLASSES, writeImages } from './image-folder.js';

/** Matches everything that a terminal would act on, except line breaks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be in what is printed.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const EVIL = 'grey\u001b[2J\u202e\u009b1m';

const SMALL = ['--model', 'lenet5_relu', '--weights', 'none', '--batch-size', '8', '--freeze', 'none'];

let place: string;
let folder: string;
const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
beforeAll(async () => {
  await useBackend('cpu');
  place = await mkdtemp(join(tmpdir(), 'cnnzoo-rough-'));
  folder = join(place, 'noise');
  await writeImages(folder, 5, 1);
});
beforeEach(() => warned.mockClear());
afterAll(() => rm(place, { recursive: true }));

const finetune = (out: string, ...more: string[]) => cnnzoo('finetune', folder, ...SMALL, '--out', out, ...more);

/** Returns every file below a directory, with its content. */
async function contents(directory: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const name of await readdir(directory, { recursive: true }))
    if ((await stat(join(directory, name))).isFile()) all[name] = await readFile(join(directory, name), 'latin1');
  return all;
}

describe('names that would act on a terminal', () => {
  let own: string;
  let out: string;
  beforeAll(async () => {
    own = join(place, 'evil\u001b[31m');
    await cp(folder, own, { recursive: true });
    await cp(join(own, 'grey'), join(own, EVIL), { recursive: true });
    await rm(join(own, 'grey'), { recursive: true });
    await writeFile(join(own, EVIL, 'x\u0007.png'), 'no image');
    out = join(place, 'out\u001b[1m');
  });

  it('are shown escaped by finetune, in its pages too', async () => {
    for (const more of [['--preview'], ['--epochs', '1', '--lr', '1e-9']]) {
      const result = await cnnzoo('finetune', own, ...SMALL, '--out', out, ...more);
      expect(result.code).toBe(0);
      expect(result.out).toContain(String.raw`out\x1b[1m`);
      expect(result.out + result.err).not.toMatch(HIDDEN);
    }
    expect(warned.mock.calls.join()).not.toMatch(HIDDEN);
    for (const page of ['preview.html', 'report.html']) {
      const html = await readFile(join(out, page), 'utf8');
      expect(html).toContain(String.raw`grey\x1b[2J\u202e\u009b1m`);
      expect(html).not.toMatch(HIDDEN);
    }
  });

  it('are shown escaped by classify, and are whole in its JSON', async () => {
    const image = join(own, EVIL, '0.png');
    const argv = ['classify', image, join(own, 'gone\u001b[31m.png'), '--model', out];
    const { out: text, err } = await cnnzoo(...argv);
    expect(text).toContain(String.raw`grey\x1b[2J`);
    expect(err).toContain(String.raw`gone\x1b[31m.png`);
    expect(text + err).not.toMatch(HIDDEN);
    const json = (await cnnzoo(...argv, '--json')).out;
    expect(json).not.toMatch(HIDDEN);
    expect(JSON.parse(json).images[0].image).toBe(image);
    expect(JSON.parse(json).images[0].predictions.map(({ label }: { label: string }) => label)).toContain(EVIL);
  });

  it('are shown escaped where they are taken for options or commands', async () => {
    for (const argv of [['--\u001b[2J'], ['\u001b[2J'], ['list', '\u001b[2J']]) {
      const { out, err } = await cnnzoo(...argv);
      expect(out + err).toContain(String.raw`\x1b[2J`);
      expect(out + err).not.toMatch(HIDDEN);
    }
  });

  it('are shown escaped in tables and HTML, and quoted as bash reads them', () => {
    expect(table([{ head: 'a' }], [['\u001b[1m']], String)).toEqual(['a', String.raw`\x1b[1m`]);
    expect(escaped('<\u202e>')).toBe(String.raw`&#60;\u202e&#62;`);
    expect(quoted("it's \u001b\\")).toBe(String.raw`$'it\'s \x1b\\'`);
  });
});

describe('finetune refuses before anything is decoded', () => {
  it.each([
    ['a file of weights for a directory', () => join(place, 'net.safetensors'), 'expected a directory'],
    ['a directory in a file', () => join(folder, 'dark/0.png/run'), 'a part of the path is a file'],
    ['a file in the place of the directory', () => join(folder, 'dark/0.png'), 'a part of the path is a file'],
    ['the URL of a server', () => 'https://example.com/run', 'no file of this machine'],
  ])('%s', async (_, out, message) => {
    const before = await contents(place);
    for (const more of [[], ['--preview'], ['--resume']]) {
      const { code, err } = await finetune(out(), ...more);
      expect(code).toBe(1);
      expect(err).toMatch(/^error /);
      expect(err).toContain(message);
    }
    expect(await contents(place)).toEqual(before);
    expect(await readdir('.')).not.toContain('https:');
  });
});

describe('--resume', () => {
  let out: string;
  beforeAll(async () => {
    out = join(place, 'resumed');
    await finetune(out, '--epochs', '2');
  });

  it('leaves everything as it was where the training has had more epochs', async () => {
    const before = await contents(out);
    const { code, err } = await finetune(out, '--epochs', '1', '--resume');
    expect(code).toBe(1);
    expect(err).toMatch(/has had 2 epochs, received --epochs 1/);
    expect(await contents(out)).toEqual(before);
  });

  it('reports all epochs of the training', async () => {
    expect((await finetune(out, '--epochs', '3', '--resume')).code).toBe(0);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('3 epochs, 8 images a step');
    expect(JSON.parse(await readFile(join(out, 'history.json'), 'utf8')).epochs).toHaveLength(3);
  });
});

it('takes file: URLs for its folder, its output, images, nets and weights', async () => {
  const url = (path: string): string => pathToFileURL(path).href;
  const own = join(place, 'a folder #1');
  await cp(folder, own, { recursive: true });
  const out = join(place, 'an output #1');
  const trained = await cnnzoo('finetune', url(own), ...SMALL, '--epochs', '1', '--out', url(out));
  expect(trained.code).toBe(0);
  expect(trained.out).toContain(`--model '${out}'`);
  const net = await load(out);
  expect(net.categories).toEqual(Object.keys(CLASSES));
  net.dispose();
  const image = url(join(own, 'dark/0.png'));
  expect((await cnnzoo('classify', image, '--model', url(out))).code).toBe(0);
  const { err } = await cnnzoo('classify', url(join(own, 'gone.png')), 's3://bucket/a.png', '--model', url(out));
  expect(err).toMatch(/gone\.png': there is no such file/);
  expect(err).toContain('s3://bucket/a.png');
  await mkdir(join(place, 'weights #1'));
  const weights = join(place, 'weights #1', 'net.safetensors');
  await cp(join(out, 'model.safetensors'), weights);
  const again = await cnnzoo(
    'finetune',
    own,
    '--model',
    'lenet5_relu',
    '--weights',
    url(weights),
    '--epochs',
    '1',
    '--out',
    join(place, 'again'),
  );
  expect(again.code).toBe(0);
  const classifier = await Classifier.load(join(place, 'again'));
  classifier.dispose();
});

it('takes the name of a directory here for a saved net, but that of a model for the model', async () => {
  const before = process.cwd();
  const image = join(folder, 'dark/0.png');
  expect((await finetune(join(place, 'noise-net'), '--epochs', '1')).code).toBe(0);
  process.chdir(place);
  try {
    expect((await cnnzoo('classify', image, '--model', 'noise-net')).code).toBe(0);
    await mkdir('lenet5_relu');
    const { code, out } = await cnnzoo('classify', image, '--model', 'lenet5_relu', '--json');
    expect([code, JSON.parse(out).weights]).toEqual([0, 'MNIST_V1']);
    expect((await cnnzoo('classify', image, '--model', 'noise-nett')).err).toContain("There is no model 'noise-nett'");
  } finally {
    process.chdir(before);
  }
});
