// A stock tf.layers network learns the same on the accelerated wasm backend and on the cpu backend.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as layers from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acceleration, accelerate } from '../src/index.js';
import { Random } from './random.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

const CLASSES = 4;
const SHAPE = [21, 19, 3] as const;

function network(padding: 'same' | 'valid'): layers.Sequential {
  const { conv2d, batchNormalization, activation, maxPooling2d, averagePooling2d, dropout, flatten, dense } =
    layers.layers;
  const kernelInitializer = layers.initializers.heNormal({ seed: 1 });
  const conv = (filters: number, strides = 1) =>
    conv2d({ filters, kernelSize: 3, strides, padding, kernelInitializer, activation: 'linear' });
  return layers.sequential({
    layers: [
      conv2d({ inputShape: [...SHAPE], filters: 6, kernelSize: 3, padding, kernelInitializer, activation: 'relu' }),
      batchNormalization(),
      maxPooling2d({ poolSize: 3, strides: 2, padding }),
      conv(7),
      batchNormalization(),
      activation({ activation: 'relu' }),
      averagePooling2d({ poolSize: 2, strides: 2, padding }),
      conv(8, padding === 'same' ? 2 : 1),
      // With the seed, both backends drop the same values.
      dropout({ rate: 0.25, seed: 3 }),
      flatten(),
      dense({ units: CLASSES, activation: 'softmax', kernelInitializer }),
    ],
  });
}

/** Returns the loss of each epoch and the trained network's predictions. */
async function train(backend: 'cpu' | 'wasm', padding: 'same' | 'valid') {
  await tf.setBackend(backend);
  const model = network(padding);
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  const examples = 24;
  const random = new Random(9);
  const { values, shape } = random.normal([examples, ...SHAPE]);
  const x = tf.tensor(values, [...shape]);
  const classes = tf.tensor1d(
    Array.from({ length: examples }, () => random.integer(0, CLASSES - 1)),
    'int32',
  );
  const y = tf.oneHot(classes, CLASSES);
  const { history } = await model.fit(x, y, { epochs: 5, batchSize: 8, shuffle: false, verbose: 0 });
  const predicted = model.predict(x) as tf.Tensor;
  const predictions = predicted.dataSync();
  tf.dispose([x, y, classes, predicted]);
  model.dispose();
  model.optimizer.dispose();
  return { losses: history.loss as number[], predictions };
}

it.each(['same', 'valid'] as const)("'%s': the losses of the cpu backend", async (padding) => {
  const ours = await train('wasm', padding);
  const expected = await train('cpu', padding);
  expect(expected.losses.at(-1)!).toBeLessThan(0.7 * expected.losses[0]!);
  expected.losses.forEach((loss, epoch) => {
    expect(Math.abs(ours.losses[epoch]! - loss) / loss, `epoch ${epoch}`).toBeLessThan(1e-5);
  });
  expected.predictions.forEach((probability, i) => {
    expect(Math.abs(ours.predictions[i]! - probability)).toBeLessThan(1e-4);
  });
  await tf.setBackend('wasm');
});
