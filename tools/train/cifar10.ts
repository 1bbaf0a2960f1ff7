/**
 * Trains a net whose weights we ship: `pnpm exec tsx tools/train/cifar10.ts NET FOLDER`. FOLDER holds CIFAR-10 as
 * images: `train` and `test`, each with a folder for every class. If the training is stopped, the same command resumes
 * it from the last training checkpoint, under training/NET. At the end it writes the weights in half precision and the
 * history into the net's package, and measures the written file. The test images choose nothing: the weights of the
 * last epoch are written.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { encodeSafetensors, loadStateDict, Random, stateDict, useBackend } from '@cnnzoo/core';
import { CIFAR10, type ImageFolder, imageFolder, PixelsDataset } from '@cnnzoo/core/data';
import { evaluate, fit } from '@cnnzoo/core/train';
import { recipes } from './recipes.js';

/** Decodes a set once, since 60,000 small images fit in memory. The order is that of the files, unless shuffled. */
async function inMemory(set: ImageFolder['train'], shuffle?: Random): Promise<PixelsDataset> {
  const pixels = new Uint8Array(set.size * 32 * 32 * 3);
  const labels = new Uint8Array(set.size);
  // Scales bytes to 0 to 1, and the dataset scales them back exactly.
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
  for await (const { x, y } of set.batches({ batchSize: 1000, preprocessing, ...(shuffle && { shuffle }) })) {
    pixels.set((await x.data()).map(Math.round), image * 32 * 32 * 3);
    labels.set(await y.data(), image);
    image += x.shape[0];
    x.dispose();
    y.dispose();
  }
  return new PixelsDataset({ pixels, labels, shape: [32, 32, 3], ...CIFAR10 });
}

const [name = '', folder = ''] = process.argv.slice(2);
const recipe = recipes[name];
if (!recipe || !folder) throw new Error(`expected one of ${Object.keys(recipes).join(', ')} and a folder of images`);
await useBackend();
const files = await imageFolder(folder);
const train = await inMemory(files.train);
// Shuffled, so that its first images are a fair sample.
const test = await inMemory(files.validation!, new Random(0));
const net = recipe.build({ seed: recipe.options.seed });
const root = fileURLToPath(new URL('../..', import.meta.url));
const { epochs, seed } = await fit(net, train, {
  ...recipe.options,
  validation: test.first(recipe.validated),
  checkpoint: { directory: `${root}/training/${name}`, everySteps: 100, keep: 1 },
  resume: true,
  log: `${root}/out/${name}.jsonl`,
  onEpoch: ({ epoch, loss, top1, imagesPerSecond, validation }) =>
    console.log(
      `epoch ${epoch}: loss ${loss.toFixed(4)}, top-1 ${(100 * top1).toFixed(2)} %, test ${(100 * validation!.top1).toFixed(2)} %, ` +
        `${imagesPerSecond.toFixed(0)} images/s`,
    ),
});

const directory = `${root}/packages/${recipe.family}/weights`;
const file = `${directory}/${name}.safetensors`;
await mkdir(directory, { recursive: true });
const metadata = { 'cnnzoo.model': name, 'cnnzoo.weights': 'CIFAR10_V1' };
await writeFile(file, Buffer.concat([...encodeSafetensors(await stateDict(net), metadata, { dtype: 'float16' })]));
const history = { data: 'CIFAR-10 (JPEG copy)', seed, epochs };
await writeFile(`${directory}/${name}.history.json`, `${JSON.stringify(history, null, 2)}\n`);

await loadStateDict(net, file);
const { top1, top5 = 0 } = await evaluate(net, test);
const bytes = await readFile(file);
const seconds = epochs.reduce((sum, { imagesPerSecond }) => sum + train.size / imagesPerSecond, 0);
console.log(
  `${file}\n${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}\n` +
    `${test.size} test images: top-1 ${(100 * top1).toFixed(2)} %, top-5 ${(100 * top5).toFixed(2)} %; ` +
    `${(seconds / 3600).toFixed(1)} h of training`,
);
