// Prints the values of images that two worker threads have decoded, next to those of the main thread, and core's warnings.
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
const warnings = [];
console.warn = (text) => void warnings.push(String(text));

async function sums(workers) {
  const { train } = await imageFolder('folder', { workers, preprocessing });
  const found = [];
  for await (const { x, y } of train.batches({ batchSize: 4 })) {
    const values = await x.data();
    found.push(values.reduce((sum, value, i) => sum + value * ((i % 97) + 1), 0));
    x.dispose();
    y.dispose();
  }
  return found;
}

await useBackend();
const alone = await sums(0);
console.log(JSON.stringify({ alone, workers: await sums(2), warnings }));
