/**
 * Trains a net that ships with weights of our own: `pnpm exec tsx tools/train/cifar10.ts NET FOLDER`. FOLDER holds CIFAR-10 as
 * images, `train` and `test`, a folder for each class. Stopped in whatever way, the same command goes on from the last
 * checkpoint, under training/NET.
 */

import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { type ImageFolder, imageFolder, PixelsDataset } from '@cnnzoo/core/data';
import { fit } from '@cnnzoo/core/train';
import { recipes } from './recipes.js';

/** Of the training images, on the scale 0..1. */
const MEAN = [0.4914, 0.4822, 0.4465];
const STD = [0.247, 0.2435, 0.2616];

/** Decodes a set once: 60,000 small images fit in memory. */
async function inMemory(set: ImageFolder['train']): Promise<PixelsDataset> {
  const pixels = new Uint8Array(set.size * 32 * 32 * 3);
  const labels = new Uint8Array(set.size);
  // What becomes of a byte is the byte.
  const one = 1 / 255;
  const preprocessing = {
    resize: null,
    crop: [32, 32],
    channels: 3,
    mean: [0, 0, 0],
    std: [one, one, one],
    interpolation: 'bilinear',
  } as const;
  let image = 0;
  for await (const { x, y } of set.batches({ batchSize: 1000, preprocessing })) {
    pixels.set((await x.data()).map(Math.round), image * 32 * 32 * 3);
    labels.set(await y.data(), image);
    image += x.shape[0];
    x.dispose();
    y.dispose();
  }
  return new PixelsDataset({ pixels, labels, shape: [32, 32, 3], categories: set.categories, mean: MEAN, std: STD });
}

const [name = '', folder = ''] = process.argv.slice(2);
const recipe = recipes[name];
if (!recipe || !folder) throw new Error(`expected one of ${Object.keys(recipes).join(', ')} and a folder of images`);
await useBackend('wasm');
const files = await imageFolder(folder);
const [train, test] = [await inMemory(files.train), await inMemory(files.validation!)];
const net = recipe.build({ seed: recipe.options.seed });
const root = fileURLToPath(new URL('../..', import.meta.url));
const { epochs } = await fit(net, train, {
  ...recipe.options,
  validation: test,
  checkpoint: { directory: `${root}/training/${name}`, everySteps: 100, keep: 1 },
  resume: true,
  log: `${root}/out/${name}.jsonl`,
  onEpoch: ({ epoch, loss, top1, imagesPerSecond, validation }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(4)}, top-1 ${(100 * top1).toFixed(2)} %, test ${(100 * validation!.top1).toFixed(2)} %, ` +
        `${imagesPerSecond.toFixed(0)} images/s`,
    ),
});
console.log(`${name}: ${(100 * epochs.at(-1)!.validation!.top1).toFixed(2)} % of ${test.size} test images`);
