// Examples that train, run from the command line on a small folder with untrained weights.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { load, saveStateDict, useBackend } from '@cnnzoo/core';
import { resnet18 } from '@cnnzoo/resnet';
import { vgg16 } from '@cnnzoo/vgg';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
const [TRAIN, TEST] = [12, 4];

let folder: string;
let weights: string;

/** Runs an example in an empty directory, which keeps its output. */
async function run(example: string, ...args: string[]): Promise<string> {
  const file = join(root, 'examples', `${example}.ts`);
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, file, ...args], { cwd: folder });
  return stdout;
}

/** Writes an image that is red or blue, with a little noise. */
async function image(path: string, red: boolean, size: number): Promise<void> {
  const background = red ? { r: 200, g: 40, b: 40 } : { r: 40, g: 40, b: 200 };
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
  const overlay = await sharp({ create: { width: size, height: size, channels: 3, background, noise } })
    .png()
    .toBuffer();
  const input = { create: { width: size, height: size, channels: 3 as const, background } };
  await sharp(input)
    .composite([{ input: overlay, blend: 'soft-light' }])
    .png()
    .toFile(path);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cnnzoo-examples-'));
  for (const [split, count] of [
    ['train', TRAIN],
    ['test', TEST],
  ] as const)
    for (const name of ['red', 'blue']) {
      const directory = join(folder, 'images', split, name);
      await mkdir(directory, { recursive: true });
      for (let i = 0; i < count; i++) await image(join(directory, `${i}.png`), name === 'red', 40);
    }
  await useBackend('cpu');
  weights = join(folder, 'resnet18.safetensors');
  const net = resnet18({ seed: 1 });
  await saveStateDict(net, weights);
  net.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

const slow = process.env.CNNZOO_SLOW === '1';
const why = 'whole networks: CNNZOO_SLOW=1';

describe('the example', () => {
  it('neighbours', async () => {
    const lines = (await run('neighbours', 'images/train/red', weights)).trim().split('\n');
    expect(lines).toHaveLength(TRAIN);
    expect(lines[0]).toMatch(/^0\.png: (\d+\.png \d\.\d\d(, |$)){3}/);
  });

  it('finetune-folder, twice', async ({ skip }) => {
    if (!slow) return skip(why);
    const out = await run('finetune-folder', 'images', weights);
    expect(out.match(/^epoch \d: loss/gm)).toHaveLength(5);
    // The training is complete, so nothing is trained again.
    expect(await run('finetune-folder', 'images', weights)).not.toContain('loss');
    const net = await load(join(folder, 'out/finetune'));
    const [best] = await net.classify(join(folder, 'images/test/red/0.png'));
    expect(['red', 'blue']).toContain(best!.label);
    net.dispose();
  });

  it('staged', async ({ skip }) => {
    if (!slow) return skip(why);
    const out = await run('staged', 'images', weights);
    expect(out.match(/^stage 1/gm)).toHaveLength(10);
    expect(out.match(/^stage 2/gm)).toHaveLength(3);
  });

  it('linear-probe', async ({ skip }) => {
    if (!slow) return skip(why);
    const features = join(folder, 'features.safetensors');
    const net = vgg16.backbone!({ numClasses: 0, seed: 2 });
    await saveStateDict(net, features);
    net.dispose();
    expect(await run('linear-probe', 'images', features)).toMatch(/these features: [\d.]+ % of 8 images/);
    expect(await run('linear-probe', 'images')).toMatch(/random weights: [\d.]+ % of 8 images/);
  });

  it('from-scratch', async ({ skip }) => {
    if (!slow) return skip(why);
    const out = await run('from-scratch', '1');
    expect(Number(/top-1 ([\d.]+) %/.exec(out)?.[1])).toBeGreaterThan(97);
  });
});
