/** Runs one image of 224 px through a net of core's layers: inference.ts resnet50|vgg16 kernels|stock */
import { useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import { vgg16 } from '@cnnzoo/vgg';
import * as tf from '@tensorflow/tfjs-core';
import { reportLeast } from '../harness/report.js';

const [, , name, kernels] = process.argv;
if (kernels === 'stock') {
  // `useBackend` would also register the kernels.
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
} else await useBackend('wasm');
const net = { resnet50, vgg16 }[name as 'resnet50' | 'vgg16']({ seed: 0 });
const image = tf.randomUniform([1, 224, 224, 3], -2, 2, 'float32', 1);
await reportLeast(kernels === 'stock' ? 6 : 15, async () => {
  const logits = net.predict(image) as tf.Tensor;
  await logits.data();
  logits.dispose();
});
