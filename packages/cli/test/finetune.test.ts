import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Classifier } from '@cnnzoo/core';
import type { History } from '@cnnzoo/core/train';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cnnzoo, cnnzooUntil, type Result } from './command.js';
import { CLASSES, writeCorrupt, writeImages } from './image-folder.js';

const NAMES = Object.keys(CLASSES);

let place: string;
let folder: string;
let whole: Result;
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'cnnzoo-finetune-'));
  folder = join(place, 'noise');
  await writeImages(join(folder, 'train'), 8, 1);
  await writeImages(join(folder, 'val'), 4, 2);
  await writeCorrupt(join(folder, 'train'));
  whole = await finetune('whole', '--epochs', '3', '--freeze', 'none');
});
afterAll(() => rm(place, { recursive: true }));

const SMALL = ['--model', 'lenet5_relu', '--weights', 'none', '--batch-size', '5', '--lr', '0.003'];

const finetune = (out: string, ...more: string[]) =>
  cnnzoo('finetune', folder, ...SMALL, '--out', join(place, out), ...more);

const text = (...path: string[]): Promise<string> => readFile(join(place, ...path), 'utf8');

/** Reads the history of a run without the measured times. */
const epochsOf = async (out: string) =>
  (JSON.parse(await text(out, 'history.json')) as History).epochs.map(({ imagesPerSecond: _, ...rest }) => rest);

/** Returns the titles of the confusion matrix's cells as numbers: true class, predicted class, count. */
function confusionOf(html: string): Map<string, number> {
  const cells = [...html.matchAll(/<title>(.+?)(?: taken for (.+?))?: (\d+) of \d+(?: right)?<\/title>/g)];
  return new Map(cells.map(([, is, named, count]) => [`${is} ${named ?? is}`, Number(count)]));
}

describe('a training', () => {
  it('says how it goes and what came of it', () => {
    const { code, out, err } = whole;
    expect(err.split('\n').filter((line) => /^epoch [123] of 3 {2}loss .* validation: loss/.test(line))).toHaveLength(
      3,
    );
    for (const count of ['checking: 37 of 37', 'validation: 12 of 12']) expect(err).toContain(count);
    expect(code).toBe(0);
    expect(out).toMatch(/^top-1 \d+\.\d % of 12 validation images$/m);
  });

  it('leaves a net that classify takes, by the very line that was printed', async () => {
    const { out } = await finetune('again', '--epochs', '1');
    const [next] = /cnnzoo (classify .*)$/.exec(out)!.slice(1);
    const argv = [...next!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
    const { code, out: answers } = await cnnzoo(...argv, '--json');
    expect(code).toBe(0);
    const { images } = JSON.parse(answers);
    expect(images[0].predictions.map(({ label }: { label: string }) => label).sort()).toEqual([...NAMES].sort());
    const net = await Classifier.load(join(place, 'again'));
    expect(net.categories).toEqual(NAMES);
    net.dispose();
    expect((await cnnzoo(...argv, '--weights', 'x.pth')).err).toContain('has its own weights');
  });

  it('leaves its history and its log', async () => {
    const { epochs, seed } = JSON.parse(await text('whole', 'history.json'));
    expect([epochs.length, seed]).toEqual([3, 0]);
    const log = (await text('whole', 'log.jsonl')).trim().split('\n');
    // 24 images in batches of 5.
    expect(log.map((line) => JSON.parse(line).event)).toEqual([
      'start',
      ...Array.from({ length: 3 }, () => [...Array.from({ length: 5 }, () => 'step'), 'epoch']).flat(),
    ]);
  });

  it('leaves a report that needs nothing else', async () => {
    const html = await text('whole', 'report.html');
    expect(html).not.toMatch(/https?:|<script|<link|@import|url\(/);
    for (const [, source] of html.matchAll(/src="([^"]*)"/g)) expect(source).toMatch(/^data:image\/png;base64,/);
    expect(html).toContain('lenet5_relu on noise');
    expect(html).toContain('--freeze none --epochs 3 --batch-size 5 --lr 0.003');
    expect(html).toContain('broken.jpg');
    expect(html).toContain('24 for training, 12 for validation, of 3 classes');
  });

  it('counts in the report what the net answers', async () => {
    const html = await text('whole', 'report.html');
    const net = await Classifier.load(join(place, 'whole'));
    const expected = new Map<string, number>();
    for (const name of NAMES)
      for (let i = 0; i < 4; i++) {
        const [best] = await net.classify(join(folder, 'val', name, `${i}.png`), { topK: 1 });
        const cell = `${name} ${best!.label}`;
        expected.set(cell, (expected.get(cell) ?? 0) + 1);
      }
    net.dispose();
    expect(confusionOf(html)).toEqual(expected);
    const right = NAMES.reduce((sum, name) => sum + (expected.get(`${name} ${name}`) ?? 0), 0);
    expect(html).toContain(`top-1: ${right} of 12 validation images`);
    // Numbers of training and validation images of each class, and of right answers.
    for (const name of NAMES) {
      const row = new RegExp(`<th scope="row">${name}</th>\\s*((?:<td class="number">[\\d.%\\s]*</td>\\s*)+)`).exec(
        html,
      )!;
      expect([...row[1]!.matchAll(/>(\d+)</g)].map(([, n]) => Number(n))).toEqual([
        8,
        4,
        expected.get(`${name} ${name}`) ?? 0,
      ]);
    }
  });

  it('shows the wrong answers: pairs of classes, and the surest', async () => {
    // A head that learns nothing predicts one class for all images.
    await finetune('hopeless', '--epochs', '1', '--lr', '1e-9');
    const html = await text('hopeless', 'report.html');
    const wrong = [...confusionOf(html)].filter(([cell]) => NAMES.every((name) => cell !== `${name} ${name}`));
    const count = wrong.reduce((sum, [, n]) => sum + n, 0);
    expect(count).toBeGreaterThan(0);
    expect(html.match(/<li><img [^>]*>/g)).toHaveLength(Math.min(12, count));
    for (const [cell, n] of wrong) {
      const [is, named] = NAMES.filter((name) => cell.startsWith(name) || cell.endsWith(name)).sort(
        (a, b) => cell.indexOf(a) - cell.indexOf(b),
      );
      expect(html).toContain(`<strong>${is}</strong> taken for <strong class="wrong">${named}</strong>: ${n} of 4`);
    }
    const probabilities = [...html.matchAll(/<span class="wrong">[^<]*<\/span> ([\d.]+) %/g)].map(([, p]) => Number(p));
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
  });

  it('is repeated by its seed, and is another by another', async () => {
    const options = ['--epochs', '3', '--freeze', 'none'];
    await finetune('same', ...options, '--seed', '0');
    await finetune('other', ...options, '--seed', '4');
    expect(await epochsOf('same')).toEqual(await epochsOf('whole'));
    expect((await epochsOf('other'))[0]!.loss).not.toBe((await epochsOf('whole'))[0]!.loss);
  });

  it('says as JSON what came of it', async () => {
    const { out } = await finetune('json', '--epochs', '1', '--json');
    expect(JSON.parse(out)).toMatchObject({
      model: 'lenet5_relu',
      weights: null,
      categories: NAMES,
      images: { training: 24, validation: 12 },
      corrupt: [{ name: expect.stringContaining('broken.jpg') }],
      epochs: 1,
      seed: 0,
      out: join(place, 'json'),
    });
  });

  it('keeps a fifth of each class for validation where the folder has no part for it', async () => {
    const { out } = await cnnzoo(
      'finetune',
      join(folder, 'train'),
      ...SMALL,
      '--epochs',
      '1',
      '--json',
      '--out',
      join(place, 'split'),
    );
    // A fifth of the 8 images a class, 1.6, is rounded to 2.
    expect(JSON.parse(out).images).toEqual({ training: 18, validation: 6 });
  });
});

describe('stopped', () => {
  it('says how to go on, and goes on as if it had never been', async () => {
    const options = ['--epochs', '3', '--freeze', 'none'];
    const argv = ['finetune', folder, ...SMALL, ...options, '--out', join(place, 'stopped')];
    const stopped = await cnnzooUntil((line) => line.startsWith('epoch 2 of 3'), ...argv);
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(stopped.err).toMatch(/^Stopped\. To go on: cnnzoo finetune .* --resume$/m);
    expect(await readdir(join(place, 'stopped'))).not.toContain('report.html');

    expect((await cnnzoo(...argv)).err).toMatch(/holds a training already\. Go on with it by --resume/);
    const resumed = await cnnzoo(...argv, '--resume');
    expect(resumed.code).toBe(0);
    expect(resumed.err).not.toContain('epoch 2 of 3');
    // Compares with the run that was never stopped.
    expect(await epochsOf('stopped')).toEqual(await epochsOf('whole'));
    expect(await text('stopped', 'report.html')).toContain('since it was resumed');
  });
});

describe('--preview', () => {
  const imagesOf = (html: string) =>
    [...html.matchAll(/<img src="data:image\/png;base64,([^"]+)" alt="([^"]+)">/g)].map(([, data, name]) => ({
      png: Buffer.from(data!, 'base64'),
      name: name!,
    }));

  it('shows what the net sees, by class, and trains nothing', async () => {
    const { code, out } = await finetune('preview', '--preview', '--batch-size', '24');
    expect(code).toBe(0);
    expect(out).toContain(join(place, 'preview', 'preview.html'));
    expect(await readdir(join(place, 'preview'))).toEqual(['preview.html']);
    const images = imagesOf(await text('preview', 'preview.html'));
    expect(images.map(({ name }) => name).sort()).toEqual(NAMES.flatMap((name) => Array(8).fill(name)).sort());
    // Images of the net's own size are shown unchanged.
    const pixelsOf = async (image: string | Buffer) =>
      (await sharp(image).toColourspace('b-w').raw().toBuffer()).join();
    const seen = await Promise.all(images.filter(({ name }) => name === 'grey').map(({ png }) => pixelsOf(png)));
    const stored = Array.from({ length: 8 }, (_, i) => pixelsOf(join(folder, 'train', 'grey', `${i}.png`)));
    expect(seen.sort()).toEqual((await Promise.all(stored)).sort());
  });

  it('shows augmented images where everything trains', async () => {
    await finetune('augmented', '--preview', '--freeze', 'none', '--batch-size', '24');
    const html = await text('augmented', 'preview.html');
    expect(html).toContain('random crops');
    expect(imagesOf(html)).toHaveLength(24);
    const plain = imagesOf(await text('preview', 'preview.html')).map(({ png }) => png.toString('base64'));
    const same = imagesOf(html).filter(({ png }) => plain.includes(png.toString('base64')));
    expect(same.length).toBeLessThan(12);
  });
});

describe('bad input', () => {
  const fault = async (...argv: string[]) => {
    const { code, out, err } = await cnnzoo('finetune', ...argv);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    // A fault of the weights is reported before the training, while or after the images are checked.
    expect(err).toMatch(/^(checking: .*\n)*error /);
    expect(err).not.toContain('    at ');
    return err;
  };

  it('is told what was expected', async () => {
    expect(await fault(join(place, 'nowhere'))).toContain('nowhere');
    expect(await fault(folder, '--model', 'resnet19')).toContain("'resnet18'");
    expect(await fault(folder, '--weights', 'IMAGENET1K_V9')).toContain('IMAGENET1K_V1');
    await writeImages(join(place, 'few'), 1, 1);
    expect(await fault(join(place, 'few'), ...SMALL)).toMatch(/received 3 and 0.*at least three images/);
    const one = join(place, 'one');
    await mkdir(one);
    await sharp({ create: { width: 28, height: 28, channels: 3, background: '#777' } }).toFile(join(one, 'a.png'));
    expect(await fault(one, ...SMALL)).toContain('in a folder that names its class');
    await writeImages(join(place, 'single'), 4, 1);
    for (const name of ['grey', 'so bright']) await rm(join(place, 'single', name), { recursive: true });
    expect(await fault(join(place, 'single'), ...SMALL)).toMatch(/at least two classes .* received 'dark' alone/);
  });

  it('warns of what is left out, by name', () => {
    expect(warnings.mock.calls.join()).toMatch(/1 of \d+ images can't be decoded and are left out:\n.*broken\.jpg/);
  });
});
