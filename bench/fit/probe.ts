/**
 * Trains a linear probe of a frozen ResNet-18 on 1,000 images of 96 px for 10 epochs: probe.ts fit|predict. `predict`
 * is the usual recipe: every batch of every epoch goes through the backbone's `predict`, and a head of stock layers is
 * trained on the result.
 */
import { Random, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { fit, sgd } from '@cnnzoo/core/train';
import { resnet18 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { report } from '../harness/report.js';

const SHAPE = [96, 96, 3] as const;
const [IMAGES, EPOCHS, BATCH, CLASSES] = [1000, 10, 32, 10] as const;

await useBackend('wasm');
const random = new Random(1);
const values = random.fillNormal(new Float32Array(IMAGES * 96 * 96 * 3));
const images = tf.tensor4d(values, [IMAGES, 96, 96, 3]);
const labels = tf.tensor1d(
  Int32Array.from({ length: IMAGES }, () => random.integer(CLASSES)),
  'int32',
);
const data = await fromTensors(images, labels);
tf.dispose([images, labels]);

async function byFit(): Promise<void> {
  const net = resnet18({ seed: 0, numClasses: CLASSES, inputShape: SHAPE });
  const optimizer = sgd({ lr: 0.01, momentum: 0.9 });
  await fit(net, data, { freeze: 'backbone', optimizer, epochs: EPOCHS, batchSize: BATCH, seed: 1 });
}

async function byPredict(): Promise<void> {
  const backbone = resnet18({ seed: 0, numClasses: 0, inputShape: SHAPE });
  const head = sequential({ layers: [layers.dense({ units: CLASSES, inputShape: [512] })] });
  const loss = (y: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, logits);
  head.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss });
  for (let epoch = 0; epoch < EPOCHS; epoch++)
    for await (const { x, y } of data.batches({ batchSize: BATCH, shuffle: random })) {
      const features = backbone.predict(x) as tf.Tensor;
      const shares = tf.oneHot(y as tf.Tensor1D, CLASSES);
      await head.trainOnBatch(features, shares);
      tf.dispose([x, y, features, shares]);
    }
}

await report(process.argv[2] === 'fit' ? byFit : byPredict);
