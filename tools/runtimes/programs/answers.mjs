// The program of every row: reads a digit, looks at a photograph, and trains. Its answers are compared with expected.json.
import { useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';

const IMAGES = 40;
const SIDE = 28;

/** Returns images of a bright row for each class, on a ground that is equal in every JavaScript engine, with labels. */
function patterns() {
  const values = Float32Array.from({ length: IMAGES * SIDE * SIDE }, (_, i) => {
    const [image, row] = [Math.floor(i / (SIDE * SIDE)), Math.floor(i / SIDE) % SIDE];
    const ground = ((i * 7919 + (i >> 5) * 104729) % 256) / 255;
    return Math.floor(row / 2) - 2 === image % 10 ? 2 + ground : ground - 0.5;
  });
  const images = tf.tensor4d(values, [IMAGES, SIDE, SIDE, 1]);
  const labels = tf.tensor1d(
    Array.from({ length: IMAGES }, (_, i) => i % 10),
    'int32',
  );
  return { images, labels };
}

/** Returns the label of a digit. */
export async function digitOf(image) {
  const net = await lenet5_relu.pretrained();
  const [best] = await net.classify(image);
  net.dispose();
  return best.label;
}

/** Returns the label and the features of a photograph. */
export async function photographOf(image) {
  const net = await resnet20.pretrained();
  const [best] = await net.classify(image);
  const features = [...(await net.embed(image))];
  net.dispose();
  return { label: best.label, features };
}

/** Returns the losses of ten steps. */
export async function losses() {
  await useBackend();
  const net = lenet5_relu({ seed: 1 });
  const { images, labels } = patterns();
  const data = await fromTensors(images, labels, { normalized: true });
  tf.dispose([images, labels]);
  const found = [];
  for await (const { loss } of train(net, data, {
    optimizer: sgd({ lr: 0.1, momentum: 0.9 }),
    batchSize: 20,
    epochs: 5,
    shuffle: false,
  }))
    found.push(loss);
  net.dispose();
  return found;
}

/** Returns everything, and the backend that computed it. A part that throws is its error. */
export async function answers({ digit, photograph }) {
  const settle = (work) => work.catch((error) => ({ error: String(error?.stack ?? error) }));
  const found = {
    digit: await settle(digitOf(digit)),
    photograph: await settle(photographOf(photograph)),
    training: await settle(losses()),
  };
  return { backend: tf.getBackend(), ...found };
}
