import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';
import { evaluate, type History } from '@cnnzoo/core/train';
import { lenet5, lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet20 } from '@cnnzoo/resnet';
import { beforeAll, describe, expect, it } from 'vitest';

// Weights in the packages agree with their registry entries.
const root = fileURLToPath(new URL('..', import.meta.url));

beforeAll(async () => {
  await useBackend('wasm');
});

it.each([lenet5.weights, lenet5_relu.weights, nin_cifar.weights, resnet20.weights])(
  '$DEFAULT.model has the file of its registry entry',
  async ({ DEFAULT }) => {
    const source = DEFAULT.sources[0]!;
    if (source.kind !== 'package') throw new Error(`expected a file of the package, received ${source.url}`);
    const file = readFileSync(join(root, source.url.replace('npm:@cnnzoo/', 'packages/')));
    expect(createHash('sha256').update(file).digest('hex')).toBe(source.sha256);
    expect(inflateRawSync(Buffer.from((await source.load()).packed, 'base64')).equals(file)).toBe(true);
    expect((file.length / 2 ** 20).toFixed(3)).toBe(DEFAULT.fileSize.toFixed(3));
  },
);

describe.each([
  { net: resnet20, family: 'resnet' },
  { net: nin_cifar, family: 'nin' },
])('$net.name', ({ net, family }) => {
  it('comes with the history of its training', () => {
    const path = join(root, `packages/${family}/weights/${net.name}.history.json`);
    const { epochs } = JSON.parse(readFileSync(path, 'utf8')) as History;
    expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map((_, i) => i));
    // Half precision and averaging lose next to nothing: the file must match the accuracy after the last epoch.
    const stated = net.weights.DEFAULT.metrics.values['CIFAR-10 (JPEG copy)']!['acc@1']!;
    expect(Math.abs(100 * epochs.at(-1)!.validation!.top1 - stated)).toBeLessThan(1.5);
  });

  it('knows a cat on a photograph', async () => {
    const classifier = await net.pretrained();
    const [best] = await classifier.classify(join(root, 'examples/photos/chelsea.png'));
    expect(best!.label).toBe('cat');
    classifier.dispose();
  });

  const images = join(process.env.CNNZOO_DATA ?? '', 'test');
  const found = process.env.CNNZOO_DATA !== undefined && existsSync(join(images, 'airplane'));
  const reason = found ? '' : ' (skipped: CNNZOO_DATA names no directory with CIFAR-10 as train and test folders)';
  it.skipIf(!found)(`is as accurate as stated${reason}`, async () => {
    const classifier = await net.pretrained();
    const { train } = await imageFolder(images);
    const { top1, top5, count } = await evaluate(classifier, train);
    expect(count).toBe(10_000);
    const stated = net.weights.DEFAULT.metrics.values['CIFAR-10 (JPEG copy)']!;
    // For one or two images the two largest logits are so close that rounding decides.
    expect(Math.abs(100 * top1 - stated['acc@1']!)).toBeLessThanOrEqual(0.03);
    expect(Math.abs(100 * top5! - stated['acc@5']!)).toBeLessThanOrEqual(0.03);
    classifier.dispose();
  });
});
