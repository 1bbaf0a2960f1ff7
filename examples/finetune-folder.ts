/**
 * Fine-tunes a pretrained ResNet-18 on a folder of images (`train/CLASS/…` with `val/CLASS/…`, or only `CLASS/…`): the
 * new head learns fast, the rest slowly. If it is stopped, the same command resumes the training.
 *
 *   pnpm exec tsx examples/finetune-folder.ts FOLDER [WEIGHTS]
 *
 * WEIGHTS is a checkpoint file, for machines that cannot download the published weights.
 */
import { useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';
import { adamW, cosine, fit } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import { progressBar } from 'cnnzoo';

const [folder, weights = 'DEFAULT'] = process.argv.slice(2);
if (!folder) throw new Error('Expected an image folder with train/CLASS/… and val/CLASS/….');
await useBackend();
const images = await imageFolder(folder, { validation: 0.2 });
const net = await resnet18.pretrained({ weights, categories: images.categories });

const { epochs } = await fit(net, images.train, {
  validation: images.validation!,
  epochs: 5,
  batchSize: 16,
  optimizer: adamW({ lr: cosine(1e-4), weightDecay: 0.05, groups: [{ match: 'fc', lr: cosine(1e-3) }] }),
  seed: 1,
  onProgress: progressBar(),
  checkpoint: 'out/finetune/checkpoints',
  resume: true,
  onEpoch: ({ epoch, loss, validation }) =>
    console.log(`epoch ${epoch + 1}: loss ${loss.toFixed(3)}, top-1 ${(100 * validation!.top1).toFixed(1)} %`),
});
await net.save('out/finetune');
console.log(`after ${epochs.length} epochs: Classifier.load('out/finetune')`);
