/**
 * Fine-tuning in stages: first only the new head, on features that are computed once; then also the last two stages of
 * the backbone, with a tenth of the learning rate. The early layers, which detect edges and textures, stay as they are.
 *
 *   pnpm exec tsx examples/staged.ts FOLDER [WEIGHTS]
 */
import { useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';
import { adamW, cosine, fit, warmup } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import { progressBar } from 'cnnzoo';

const [folder, weights = 'DEFAULT'] = process.argv.slice(2);
if (!folder) throw new Error('Expected an image folder with train/CLASS/… and val/CLASS/….');
await useBackend();
const images = await imageFolder(folder, { validation: 0.2 });
const net = await resnet18.pretrained({ weights, categories: images.categories });

await fit(net, images.train, {
  validation: images.validation!,
  batchSize: 16,
  seed: 1,
  onProgress: progressBar(),
  stages: [
    { freeze: 'backbone', epochs: 10, optimizer: adamW({ lr: cosine(1e-3) }) },
    {
      freeze: ['conv1', 'bn1', 'layer1', 'layer2'],
      epochs: 3,
      optimizer: adamW({ lr: warmup(cosine(1e-4), 20) }),
      ema: { decay: 0.99 },
    },
  ],
  onEpoch: ({ stage, epoch, loss, validation }) =>
    console.log(
      `stage ${stage + 1}, epoch ${epoch + 1}: loss ${loss.toFixed(3)}, top-1 ${(100 * validation!.top1).toFixed(1)} %`,
    ),
});
await net.save('out/staged');
