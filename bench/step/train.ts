/**
 * Runs a training step of ResNet-18 on 8 images of 224 px: the second one, since the first creates the optimizer's
 * state.
 */
import { useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { report } from '../harness/report.js';

await useBackend('wasm');
const net = resnet18({ seed: 0, numClasses: 10 });
const images = tf.randomUniform<tf.Rank.R4>([16, 224, 224, 3], -2, 2, 'float32', 1);
const data = await fromTensors(
  images,
  tf.tensor1d(
    Array.from({ length: 16 }, (_, i) => i % 10),
    'int32',
  ),
);
images.dispose();
const steps = train(net, data, { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 8 });
await steps.next();
await report(() => steps.next());
await steps.return();
