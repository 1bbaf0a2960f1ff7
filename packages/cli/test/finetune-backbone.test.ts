/**
 * Training on real features: `vgg16-features.safetensors`, VGG-16 without its head, in the directory that CNNZOO_DATA
 * names.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Classifier, readStateDict, stateDict } from '@cnnzoo/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cnnzoo } from './command.js';
import { writeImages } from './image-folder.js';

const file = join(process.env.CNNZOO_DATA ?? '', 'vgg16-features.safetensors');
const found = existsSync(file);
const reason = found ? '' : ' (skipped: CNNZOO_DATA names no directory with vgg16-features.safetensors)';

describe.skipIf(!found)(`a head on the features of VGG-16${reason}`, () => {
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'cnnzoo-backbone-'));
    await writeImages(join(place, 'noise'), 3, 1);
  });
  afterAll(() => rm(place, { recursive: true }));

  it('trains, and leaves the features as they were', async () => {
    const out = join(place, 'out');
    const argv = ['--model', 'vgg16', '--weights', file, '--size', '32', '--epochs', '2', '--out', out];
    const { code, err } = await cnnzoo('finetune', join(place, 'noise'), ...argv);
    expect(err).toContain('features: 9 of 9');
    expect(code).toBe(0);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain(
      'IMAGENET1K_FEATURES, from vgg16-features.safetensors',
    );
    const net = await Classifier.load(out);
    const [saved, given] = [await stateDict(net), await readStateDict(file)];
    net.dispose();
    expect(given.size).toBe(26);
    for (const [key, { data }] of given) expect(saved.get(key)!.data, key).toEqual(data);
    expect([...saved.keys()].filter((key) => !given.has(key)).sort()).toEqual(['head.bias', 'head.weight']);
  }, 300_000);
});
