/** Run by image-folder.test.ts: reads an image folder with workers, and says how long it then takes to end. */
import * as tf from '@tensorflow/tfjs-core';
import { imageFolder } from '../../src/data/image-folder.js';
import { useBackend } from '../../src/index.js';

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
const done = performance.now();
process.on('exit', () => console.log(JSON.stringify({ size, lingered: performance.now() - done })));
