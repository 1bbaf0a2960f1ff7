import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveStateDict, useBackend } from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet18 } from '@cnnzoo/resnet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cnnzoo } from './command.js';

let place: string;
let weights: string;
let image: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'cnnzoo-cli-'));
  weights = join(place, 'lenet.safetensors');
  image = join(place, 'stripes.png');
  vi.stubEnv('CNNZOO_CACHE', join(place, 'cache'));
  vi.stubEnv('CNNZOO_MIRROR', '');
  vi.stubGlobal('fetch', () => Promise.reject(new Error('tests have no network')));
  await useBackend();
  const net = lenet5_relu({ seed: 1 });
  await saveStateDict(net, weights);
  net.dispose();
  const pixels = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i % 4 === 0 ? 255 : i % 200));
  await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } }).toFile(image);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(place, { recursive: true });
});

const classify = (images: readonly string[], ...more: string[]) =>
  cnnzoo('classify', ...images, '--model', 'lenet5_relu', '--weights', weights, ...more);

describe('classify', () => {
  it('says as JSON what the library says', async () => {
    const net = await lenet5_relu.pretrained({ weights: 'MNIST_V1', from: weights });
    const predictions = await net.classify(image, { topK: 10 });
    net.dispose();
    const { code, out, err } = await classify([image], '--top', '10', '--json');
    expect(JSON.parse(out)).toEqual({
      model: 'lenet5_relu',
      weights: 'MNIST_V1',
      images: [{ image, predictions }],
    });
    expect(predictions.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('prints a line for each answer, the best first', async () => {
    const { code, out } = await classify([image, image], '--top', '3');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines.filter((line) => line === image)).toHaveLength(2);
    const answers = lines.filter((line) => /^ {2}\d +\d+\.\d % +█/.test(line));
    expect(answers).toHaveLength(6);
    const percents = answers.slice(0, 3).map((line) => Number.parseFloat(line.slice(4)));
    expect(percents).toEqual([...percents].sort((a, b) => b - a));
  });

  it('reports an image that it can not read, and goes on', async () => {
    const missing = join(place, 'missing.png');
    const text = join(place, 'text.png');
    await writeFile(text, 'no picture');
    const { code, out, err } = await classify([missing, image, text]);
    expect(code).toBe(1);
    expect(out).toContain(image);
    expect(out).not.toContain('missing.png');
    expect(err.split('\n').filter((line) => line.startsWith('error '))).toHaveLength(2);
    expect(err).toContain(`'${missing}'`);
    expect(err).not.toContain('    at ');
    const { code: jsonCode, out: json, err: jsonErr } = await classify([missing, image, text], '--json');
    expect(jsonCode).toBe(1);
    expect(jsonErr).toBe('');
    const { images, error } = JSON.parse(json);
    expect(images.map((each: { error?: { code: string } }) => each.error?.code)).toEqual(['FILE', undefined, 'IMAGE']);
    expect(error).toEqual(images[0].error);
  });

  it('looks for the images before it loads a net', async () => {
    const { code, err } = await cnnzoo('classify', join(place, 'nobody.png'), place, '--model', 'resnet18');
    expect(code).toBe(1);
    expect(err.split('\n')).toHaveLength(2);
    expect(err).not.toContain('weights');
  });

  it.each([
    ['model', 'INPUT', ['--model', 'lenet6']],
    ['backend', 'BACKEND', ['--backend', 'abacus']],
    ['weights', undefined, ['--weights', './nowhere.safetensors']],
  ])('has one message for a wrong %s', async (_, expected, argv) => {
    const { code, out, err } = await classify([image], ...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error /);
    expect(err).not.toContain('    at ');
    const json = await classify([image], ...argv, '--json');
    expect(json).toMatchObject({ code: 1, err: '' });
    const { error } = JSON.parse(json.out);
    expect(err).toBe(`error ${error.message}`);
    if (expected) expect(error.code).toBe(expected);
  });
});

describe('summary', () => {
  it('gives every layer as JSON', async () => {
    const { code, out } = await cnnzoo('summary', 'resnet18', '--json');
    const { model, input, parameters, multiplyAdds, layers } = JSON.parse(out);
    expect(code).toBe(0);
    expect({ model, input, parameters }).toEqual({ model: 'resnet18', input: [224, 224, 3], parameters: 11689512 });
    expect(multiplyAdds / 1e9).toBeCloseTo(1.814, 3);
    expect(layers.at(-1)).toMatchObject({ name: 'fc', output: [1000] });
  });

  it('prints a table, for the size that is asked for', async () => {
    const { code, out } = await cnnzoo('summary', 'lenet5', '--input', '32x36');
    expect(code).toBe(0);
    expect(out).toContain('32 x 36 x 6');
    expect((await cnnzoo('summary', 'lenet')).err).toContain("'lenet5'");
  });

  it('draws the net, for the size that is asked for', async () => {
    const { code, out, err } = await cnnzoo('summary', 'lenet5', '--input', '32x36', '--svg');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^<svg .*32 x 36 x 6.*<\/svg>\n?$/s);
  });
});

describe('list', () => {
  it('has a line for each set of weights', async () => {
    const { out } = await cnnzoo('list', '*resnet50*');
    const [heads, ...lines] = out.split('\n');
    expect(heads).toMatch(/^model +weights +top-1 +params +GFLOPS +MiB +licence$/);
    expect(lines[0]).toMatch(/^resnet50 +IMAGENET1K_V1 +76\.13 +25\.6 M +4\.09 +97\.8 +unspecified$/);
    expect(lines[1]).toMatch(/^ +IMAGENET1K_V2 \* +80\.86 /);
    expect(lines[2]).toMatch(/^wide_resnet50_2 +IMAGENET1K_V1 /);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('fails where nothing fits', async () => {
    expect(await cnnzoo('list', 'inception*')).toMatchObject({ code: 1, out: '' });
  });
});

describe('cache', () => {
  const cached = async (): Promise<unknown[]> =>
    JSON.parse((await cnnzoo('list', 'resnet18', '--json')).out).map((item: { cached: boolean }) => item.cached);

  it('keeps what classify fetched, until it is cleared', async () => {
    // A mirror with one checkpoint stands in for a server.
    const mirror = join(place, 'mirror');
    const path = 'resnet18/IMAGENET1K_V1.safetensors';
    await mkdir(join(mirror, 'resnet18'), { recursive: true });
    const net = resnet18({ seed: 1 });
    await saveStateDict(net, join(mirror, path));
    net.dispose();
    const bytes = await readFile(join(mirror, path));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { sha256, bytes: bytes.length, model: 'resnet18', weights: 'IMAGENET1K_V1' };
    await writeFile(join(mirror, 'index.json'), JSON.stringify({ format: 1, files: { [path]: file } }));
    vi.stubEnv('CNNZOO_MIRROR', mirror);

    expect((await cnnzoo('cache', 'list')).out).toMatch(/^0 files, 0.0 MiB in /);
    expect(await cached()).toEqual([false]);
    const { code, err } = await cnnzoo('classify', image, '--model', 'resnet18');
    expect(code).toBe(0);
    expect(err).toMatch(/^resnet18: \d.* MiB of 44\.6 MiB$/m);
    // The second run reads the checkpoint from the cache, so it prints nothing.
    expect(await cnnzoo('classify', image, '--model', 'resnet18')).toMatchObject({ code: 0, err: '' });
    expect(await cached()).toEqual([true]);
    const listed = JSON.parse((await cnnzoo('cache', 'list', '--json')).out);
    expect(listed).toMatchObject({ directory: join(place, 'cache'), bytes: listed.files[0].bytes });
    expect(listed.files).toMatchObject([{ model: 'resnet18', weights: 'IMAGENET1K_V1', fetched: sha256 }]);
    expect(await cnnzoo('cache', 'verify')).toMatchObject({ code: 0, err: '' });

    bytes[bytes.length - 1]! ^= 1;
    await writeFile(listed.files[0].path, bytes);
    const damaged = await cnnzoo('cache', 'verify');
    expect(damaged.code).toBe(1);
    expect(damaged.err).toContain('1 of 1 files');
    expect(JSON.parse((await cnnzoo('cache', 'verify', '--json')).out).error.code).toBe('HASH');

    expect((await cnnzoo('cache', 'clear')).out).toContain('Removed 1 file, 44.6 MiB');
    expect(await cached()).toEqual([false]);
    const left = await readdir(join(place, 'cache'), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  it('names what it leaves alone, and goes on', async () => {
    const directory = join(place, 'mixed');
    vi.stubEnv('CNNZOO_CACHE', directory);
    await mkdir(join(directory, 'net', 'x.part'), { recursive: true });
    await writeFile(join(directory, 'net', 'V1.json'), '{"format":');
    await writeFile(join(directory, 'net', 'film.part'), 'theirs');
    for (const action of ['list', 'verify', 'clear']) {
      const { code, err } = await cnnzoo('cache', action);
      expect(code).toBe(0);
      expect(err).toContain(join(directory, 'net', 'V1.json'));
      const { skipped } = JSON.parse((await cnnzoo('cache', action, '--json')).out);
      expect(skipped).toContainEqual({
        path: join(directory, 'net', 'V1.json'),
        reason: 'it is no record of the cache',
      });
    }
    expect((await readdir(join(directory, 'net'))).sort()).toEqual(['V1.json', 'film.part', 'x.part']);
    expect(await cnnzoo('list', 'lenet5')).toMatchObject({ code: 0, err: '' });
  });

  it('that can not be used is told of, and keeps no list from being shown', async () => {
    const file = join(place, 'a-file');
    await writeFile(file, '');
    vi.stubEnv('CNNZOO_CACHE', file);
    for (const action of ['list', 'verify', 'clear']) {
      expect(await cnnzoo('cache', action)).toMatchObject({ code: 1, err: expect.stringContaining('CNNZOO_CACHE') });
      expect(JSON.parse((await cnnzoo('cache', action, '--json')).out)).toMatchObject({ error: { code: 'FILE' } });
    }
    const { code, out, err } = await cnnzoo('list', 'resnet18');
    expect(code).toBe(0);
    expect(out).toContain('IMAGENET1K_V1');
    expect(err).toContain('CNNZOO_CACHE');
    expect(JSON.parse((await cnnzoo('list', 'resnet18', '--json')).out)).toMatchObject([{ cached: false }]);
  });
});
