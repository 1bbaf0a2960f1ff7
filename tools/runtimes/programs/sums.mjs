// Sums of the images of a folder as a number of worker threads decodes them.
import { useBackend } from '@cnnzoo/core';
import { imageFolder } from '@cnnzoo/core/data';

const preprocessing = {
  resize: 18,
  crop: [16, 16],
  channels: 3,
  mean: [0.5, 0.5, 0.5],
  std: [0.2, 0.2, 0.2],
  interpolation: 'bilinear',
};

/** Returns a weighted sum of each batch. */
export async function sums(folder, workers) {
  await useBackend();
  const { train } = await imageFolder(folder, { workers, preprocessing });
  const found = [];
  for await (const { x, y } of train.batches({ batchSize: 4 })) {
    const values = await x.data();
    found.push(values.reduce((sum, value, i) => sum + value * ((i % 97) + 1), 0));
    x.dispose();
    y.dispose();
  }
  return found;
}
