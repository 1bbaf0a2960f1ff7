import { basename, resolve } from 'node:path';
import { Random } from '@cnnzoo/core';
import { visible } from '@cnnzoo/core/internal/text';
import { writeJson } from '../fault.js';
import { EXIT } from '../terminal/index.js';
import { type Job, write } from './job.js';
import { placesIn } from './out.js';
import { picturesOf, preview } from './report/index.js';
import { augmentOf, commandOf } from './settings.js';

/** Writes an HTML preview of one batch. */
export async function showBatch({ folder, out, options, data, net, context }: Job): Promise<number> {
  const { preprocessing } = net;
  const random = new Random(options.seed);
  const augment = augmentOf(options, preprocessing);
  const batches = data.train.batches({
    batchSize: options.batchSize,
    shuffle: random,
    preprocessing,
    signal: context.signal,
    ...(augment && { augment: { transform: augment, random } }),
  });
  const { value: batch } = await batches.next();
  await batches.return();
  const { x, y } = batch!;
  let images: { picture: string; category: string }[];
  try {
    const labels = await y.data();
    const pictures = await picturesOf(x, preprocessing);
    images = pictures.map((picture, i) => ({ picture, category: data.categories[labels[i]!]! }));
  } finally {
    x.dispose();
    y.dispose();
  }
  const note =
    `${images.length} of ${data.train.size} images, as ${options.model} sees them in training: ` +
    `${preprocessing.crop.join(' x ')} px, ${augment ? 'random crops, half of them flipped' : 'the same in every epoch'}.`;
  const path = placesIn(out).preview;
  await write(path, preview(`A batch of ${basename(resolve(folder))}`, note, images));
  if (options.json) writeJson(context, { preview: path, images: images.length });
  else context.terminal.out(`Wrote ${visible(path)}\nNext: ${commandOf(folder, options)}`);
  return EXIT.ok;
}
