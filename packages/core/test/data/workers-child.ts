/**
 * Reads an image folder with workers. The process ends by itself only if nothing keeps it alive. Run by
 * image-folder.test.ts.
 */
import * as tf from '@tensorflow/tfjs-core';
import { imageFolder } from '../../src/data/image-folder.js';
import { useBackend } from '../../src/index.js';

// The timer that stops idle workers is put off: the process must end while they are idle.
const { setTimeout: wait } = globalThis;
globalThis.setTimeout = ((callback: () => void, ms: number) => wait(callback, ms === 5000 ? 2 ** 30 : ms)) as never;

await useBackend('cpu');
const { train } = await imageFolder(process.argv[2]!, {
  workers: 2,
  preprocessing: {
    resize: null,
    crop: [8, 8],
    channels: 3,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    interpolation: 'bilinear',
  },
});
let size = 0;
for await (const { x, y } of train.batches({ batchSize: 8 })) {
  size += y.size;
  tf.dispose([x, y]);
}
for await (const { x, y } of train.batches({ batchSize: 8 })) {
  tf.dispose([x, y]);
  break;
}
console.log(JSON.stringify({ size }));
