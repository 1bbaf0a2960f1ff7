/**
 * Transfer learning in its simplest form: a frozen backbone computes the features of every image once, and a linear
 * classifier is trained on them. The images, of 96 px, come from a folder (`train/CLASS/…`, `test/CLASS/…`).
 *
 *   pnpm exec tsx examples/linear-probe.ts FOLDER vgg16-features.safetensors
 *   pnpm exec tsx examples/linear-probe.ts FOLDER
 *
 * The second command uses the same net with random weights, for comparison.
 */
import { Classifier, useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';
import { adamW, cosine, fit } from '@cnnzoo/core/train';
import { vgg16 } from '@cnnzoo/vgg';
import { progressBar } from 'cnnzoo';

const SIZE = 96;

const [folder, features] = process.argv.slice(2);
if (!folder) throw new Error('Expected an image folder with train/CLASS/… and test/CLASS/….');
await useBackend();
const { train, validation, categories } = await imageFolder(folder);
const inputShape = [SIZE, SIZE, 3] as const;

async function openNet(): Promise<Classifier> {
  if (features) return vgg16.pretrained({ weights: 'IMAGENET1K_FEATURES', from: features, categories, inputShape });
  const model = vgg16.backbone!({ numClasses: categories.length, inputShape, seed: 1 });
  const { preprocessing } = vgg16.weights.IMAGENET1K_V1;
  return new Classifier({ model, categories, preprocessing: { ...preprocessing, resize: SIZE, crop: [SIZE, SIZE] } });
}

const net = await openNet();
const { epochs } = await fit(net, train, {
  validation: validation!,
  freeze: 'backbone',
  epochs: 60,
  batchSize: 100,
  optimizer: adamW({ lr: cosine(1e-3), weightDecay: 1e-2 }),
  seed: 1,
  onProgress: progressBar(),
});
const { top1, count } = epochs.at(-1)!.validation!;
console.log(`${features ? 'these features' : 'random weights'}: ${(100 * top1).toFixed(1)} % of ${count} images`);
