/** Runs a training step of ResNet-18 on 8 images of 224 px with core's layers: SGD with momentum. */
import { useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { reportLeast } from '../harness/report.js';

const RUNS = 8;

await useBackend('wasm');
const net = resnet18({ seed: 0 });
const images = tf.randomUniform<tf.Rank.R4>([8, 224, 224, 3], -2, 2, 'float32', 1);
const data = await fromTensors(images, tf.range(0, 8, 1, 'int32') as tf.Tensor1D);
images.dispose();
const steps = train(net, data, { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 8, epochs: RUNS + 3 });
await reportLeast(RUNS, () => steps.next());
await steps.return();
