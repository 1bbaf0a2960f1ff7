/** Runs the same step with `trainOnBatch` of stock layers, on the tfjs-node installed in the folder argv[2]. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs-core';
import { reportLeast } from '../harness/report.js';
import { RESNET_18, stockResNet, type TfLayers } from '../harness/stock-resnet.js';

const tf = createRequire(join(process.argv[2]!, 'package.json'))('@tensorflow/tfjs-node') as typeof tfjs & TfLayers;
await tf.ready();
if (tf.getBackend() !== 'tensorflow')
  throw new Error(`expected the backend 'tensorflow', received '${tf.getBackend()}'`);

const net = stockResNet(tf, { ...RESNET_18, initial: 'heNormal' });
net.compile({
  optimizer: tf.train.momentum(0.01, 0.9),
  loss: (labels: tfjs.Tensor, logits: tfjs.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits),
});
const images = tf.randomUniform([8, 224, 224, 3], -2, 2, 'float32', 1);
const labels = tf.oneHot(tf.range(0, 8, 1, 'int32'), 1000);
await reportLeast(8, () => net.trainOnBatch(images, labels));
