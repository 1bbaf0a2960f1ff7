/** Runs ResNet-50 on one image of 224 px, as a page that classifies does. */
import { useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { reportMedian } from '../harness/report.js';

await useBackend('wasm');
const net = resnet50({ seed: 0 });
const image = tf.randomUniform([1, 224, 224, 3], -2, 2, 'float32', 1);
await reportMedian(10, async () => {
  const logits = net.predict(image) as tf.Tensor;
  await logits.data();
  logits.dispose();
});
